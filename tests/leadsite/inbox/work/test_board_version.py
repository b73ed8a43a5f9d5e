"""The version of a board changes with what its first page shows, and with nothing else."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.inbox.work.board_version import read_board_version
from tests.factories import Business
from tests.leadsite.inbox.chats import viewer

CHANGES: dict[str, Callable[[Business], object]] = {
    "status": lambda owner: Lead.objects.update(status="contacted", version=F("version") + 1),
    "new lead": lambda owner: owner.has_lead(),
    "deleted": lambda owner: Lead.objects.update(deleted_at=timezone.now()),
    "details": lambda owner: Lead.objects.update(details="More", version=F("version") + 1),
    "due": lambda owner: Lead.objects.update(follow_up_at=timezone.now()),
    "labels": lambda owner: Conversation.objects.update(label_ids=[owner.id]),
    "name": lambda owner: Customer.objects.get().save(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_changes_with_what_is_shown(owner: Business, change: Callable[[Business], object]):
    owner.has_lead()
    before = read_board_version(viewer(owner))
    assert read_board_version(viewer(owner)) == before
    change(owner)
    assert read_board_version(viewer(owner)) != before


def test_it_is_one_statement_about_ones_own_business(owner: Business, stranger: Business):
    before = read_board_version(viewer(owner))
    stranger.has_lead()
    with CaptureQueriesContext(connection) as queries:
        assert read_board_version(viewer(owner)) == before
    assert len(queries) == 1
