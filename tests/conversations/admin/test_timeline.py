"""Timelines name labels, and say until when a chat is snoozed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from conversations.models import Label
from conversations.services.change import change_conversation
from leadsite.audit.history import entries_of
from leadsite.audit.sentences import lines_of
from tests.factories import Business


def change(owner: Business, conversation_id: UUID, **changes: object) -> str:
    """The sentence about a change."""
    change_conversation(user_id=owner.id, conversation_id=conversation_id, changes=changes)
    newest = entries_of("conversations", conversation_id).order_by("-id")[:1]
    return lines_of(newest)[0].sentence.partition(" ")[2]


@pytest.fixture
def chat(owner: Business) -> UUID:
    return owner.has_lead().conversation_id


def test_labels_have_their_names(owner, chat):
    one, other, third = (Label.objects.create(user=owner.user, name=name).pk for name in ("VIP", "Cake", "Old"))
    assert change(owner, chat, label_ids=[one]).endswith("added the label “VIP”")
    assert change(owner, chat, label_ids=[one, other, third]).endswith("added the labels “Cake”, “Old”")
    said = change(owner, chat, label_ids=[other, third])
    assert said.endswith("removed the label “VIP”")
    assert change(owner, chat, label_ids=[one]).endswith("added the label “VIP” and removed the labels “Cake”, “Old”")
    Label.objects.all().delete()
    assert change(owner, chat, label_ids=[]).endswith("removed the label (deleted)")


def test_a_snooze_has_its_time(owner, chat):
    assert change(owner, chat, snoozed_until=datetime(2999, 1, 2, 9, tzinfo=UTC)).endswith(
        "snoozed it until 2 Jan 2999, 09:00"
    )
    assert change(owner, chat, snoozed_until=None).endswith("ended the snooze")
