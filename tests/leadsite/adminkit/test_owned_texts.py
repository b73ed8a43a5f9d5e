"""Labels and quick replies in the admin: their rules are errors of the form, also for a new row."""

from typing import Any

import pytest

from conversations.models import MOST_LABELS, Conversation, Label
from leadsite.inbox.models import QuickReply
from tests.factories import Business
from tests.staff import Staff, address, errors_of, member_of, staff_of


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


def add(person: Staff, model: type[Any], **fields: str) -> Any:
    return person.client.post(address("add", model), fields)


def test_a_label_is_added_once_for_a_business(owner: Business, stranger: Business, person: Staff):
    Label.objects.create(user=stranger.user, name="VIP")
    assert add(person, Label, name="VIP", colour="red").status_code == 302
    assert errors_of(add(person, Label, name="vip", colour="blue")) == {"__all__": ["There is a label with this name."]}
    assert errors_of(add(person, Label, name="x" * 31, colour="blue"))
    Label.objects.bulk_create(Label(user=owner.user, name=str(number)) for number in range(MOST_LABELS - 1))
    assert "which is the most" in str(errors_of(add(person, Label, name="One more", colour="blue")))


def test_a_quick_reply_has_a_shortcut_that_can_be_typed(person: Staff):
    assert add(person, QuickReply, shortcut="hours", text="From eight, {name}").status_code == 302
    for wrong in ("Hours", "two words", "a/b", ""):
        assert errors_of(add(person, QuickReply, shortcut=wrong, text="x")), wrong


def test_a_deleted_label_is_taken_from_the_conversations(owner: Business, person: Staff):
    label, other = (Label.objects.create(user=owner.user, name=name) for name in ("VIP", "Other"))
    chat = Conversation.objects.get(pk=owner.has_lead().conversation_id)
    Conversation.objects.filter(pk=chat.pk).update(label_ids=[other.pk, label.pk])
    assert person.client.post(address("delete", label), {"post": "yes"}).status_code == 302
    chat.refresh_from_db()
    assert chat.label_ids == [other.pk]


def test_agents_manage_quick_replies_and_owners_labels(owner: Business):
    agent, viewer = member_of(owner, "agent"), member_of(owner, "viewer")
    assert add(agent, QuickReply, shortcut="hours", text="x").status_code == 302
    assert add(agent, Label, name="VIP", colour="red").status_code == 403
    assert viewer.get(address("changelist", QuickReply)).status_code == 200
    assert add(viewer, QuickReply, shortcut="other", text="x").status_code == 403
