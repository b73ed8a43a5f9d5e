"""Failed transactions of deliveries: of the delivery as a whole, and of each item that the database refuses."""

import json

import pytest

from leadsite.monitoring.writer import writer
from tests.factories import Business
from tests.leadsite.monitoring.failing import failing, stored
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_faults import GOOD, constraint, due_now
from tests.whatsapp.inbox import Inbox, post
from whatsapp.inbound.replay import replay_due

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_item_that_the_database_refuses_is_stored_beside_its_neighbours(owner: Business) -> None:
    inbox = Inbox(owner)
    with constraint("messages_no_poison", "content <> 'poison'"):
        inbox.gets(GOOD[0], meta.text("poison", id="wamid.poison"), GOOD[1])
        assert inbox.counts()[3] == 2
        whole, item = sorted(stored(), key=lambda one: one.operation, reverse=True)
        assert (whole.operation, item.operation) == ("store item of delivery", "store delivery")
        for failed in (whole, item):
            assert (failed.source, failed.user, failed.constraint) == ("whatsapp", owner.user, "messages_no_poison")
            text = json.dumps(failed.input)
            assert meta.SHEENA not in text
            assert "poison" not in text
        due_now()
        replay_due()
        assert [one.operation for one in stored()][2:] == ["replay delivery", "store item of delivery"]


def test_a_delivery_that_cannot_be_stored_at_all_is_stored_once_it_can(owner: Business) -> None:
    body = meta.body(meta.messages_value(messages=[meta.text("Hello")]))
    Inbox(owner)
    with failing("webhook_deliveries", "53100"):
        assert post(body).status_code == 503
    assert [(one.source, one.user, one.sqlstate) for one in stored()] == [("whatsapp", owner.user, "53100")]
    assert writer.flush() == 0
