"""What the list is narrowed down to."""

import re

import pytest

from conversations.models import Conversation, Label
from leads.models import Lead
from leadsite.inbox.chats import read_page
from leadsite.inbox.versions import read_version
from leadsite.inbox.work.filters import Filters, read_filters
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, viewer
from tests.staff import member_of


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


def test_without_its_script_a_form_leads_back_to_the_list_as_it_was(owner: Business):
    staff, chat = member_of(owner, "agent"), asks(owner, "Amina")
    Label.objects.create(user=owner.user, name="VIP", colour="purple")
    answers(chat, "Yes", status="failed", error="1")
    place = f"/admin/inbox/{chat.pk}/"
    page = staff.get(place, tab="all", type="order").content.decode()
    forms = [
        form for form in re.findall(r'<form method="post".*?</form>', page, re.S) if 'action="/admin/inbox/' in form
    ]
    assert len(forms) > 9
    assert [form for form in forms if "type=order" not in form and 'name="type" value="order"' not in form] == []
    assert f'href="{place}template/?tab=all&amp;type=order"' in page
    kept = {"tab": "all", "filters": "&type=order"}
    for path, typed in {"notes/": {"note": "VIP"}, "labels/": {}, "snooze/": {}, "reply/": {"text": "Yes"}}.items():
        answer = staff.client.post(place + path, kept | typed)
        assert answer.headers["Location"] == f"{place}?tab=all&type=order#reply"
    refused = staff.client.post(f"{place}notes/", kept | {"note": ""})
    assert refused.status_code == 422
    assert f'href="{place}?tab=all&amp;type=order"' in refused.content.decode()
    preferred = staff.client.post("/admin/inbox/preferences/", kept | {"sound": "on"})
    assert preferred.headers["Location"] == "/admin/inbox/?tab=all&type=order"
