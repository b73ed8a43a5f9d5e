"""What the list is narrowed down to."""

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leadsite.inbox.chats import read_page
from leadsite.inbox.versions import read_version
from leadsite.inbox.work.filters import Filters, read_filters
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, viewer


def test_each_filter_finds_its_chats_in_every_tab(owner: Business, stranger: Business):
    chats = {name: asks(owner, name) for name in ("Amina", "Ben", "Cem")}
    Conversation.objects.filter(pk=chats["Amina"].pk).update(assigned_to=owner.id)
    Lead.objects.filter(conversation=chats["Ben"]).update(type="booking", status="qualified")

    def found(**chosen: str) -> set[str]:
        filters = read_filters(chosen)
        read_version(viewer(owner), tab="waiting", conversation_id=None, filters=filters)
        pages = {tab: read_page(viewer(owner), tab, filters=filters) for tab in ("waiting", "all")}
        assert [row.id for row in pages["waiting"].rows] == [row.id for row in pages["all"].rows]
        return {row.customer for row in pages["all"].rows}

    assert found(assignee="me") == found(assignee=str(owner.id)) == {"Amina"}
    assert found(assignee="nobody") == {"Ben", "Cem"}
    assert found(assignee=str(stranger.id)) == set()
    assert found(type="booking") == found(status="qualified") == found(type="booking", status="qualified") == {"Ben"}
    assert found(type="booking", status="new") == set()


@pytest.mark.parametrize("name", ["label", "assignee", "type", "status"])
def test_what_is_no_choice_is_not_chosen(name: str):
    for wrong in ("", "x", "\0", "new'--" if name != "status" else "old"):
        assert read_filters({name: wrong}) == Filters()
