"""Which parts of deliveries are a business's own."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.channels import connect_channel
from whatsapp.erasing.own import OwnNumbers

pytestmark = pytest.mark.django_db

HELD, NEW = frozenset({"wamid.1"}), frozenset({"wamid.2"})


def test_what_another_business_has_is_not_own_though_the_number_has_moved(owner: Business, stranger: Business) -> None:
    Inbox(stranger, "999").gets(meta.text(id="wamid.1"))
    connect_channel(user_id=owner.id, phone_number_id="1000")
    is_own = OwnNumbers.of(owner.id).among(HELD | NEW)
    with CaptureQueriesContext(connection) as queries:
        assert [is_own("1000", ids) for ids in (HELD, NEW, HELD | NEW)] == [False, True, False]
        assert not is_own("999", NEW)
    assert len(queries) == 1
    assert OwnNumbers.of(stranger.id).among(HELD)("999", HELD)
