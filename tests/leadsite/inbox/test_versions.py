"""The version of an inbox changes with everything that it shows, and with nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.inbox.models import ChatPresence, ChatRead
from leadsite.inbox.versions import InView, Version, read_version
from leadsite.inbox.work.tabs import COUNTED
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, says, viewer
from whatsapp.channels import stop_channel
from whatsapp.models import Channel
from whatsapp.outbound.resolve import leave

Change = Callable[[Conversation, Business], Any]
CHANGES: dict[str, Change] = {
    "message": lambda chat, owner: says(chat, "More"),
    "answer": lambda chat, owner: answers(chat, "Yes"),
    "tick": lambda chat, owner: Message.objects.filter(direction="out").update(status="read"),
    "failure": lambda chat, owner: Message.objects.filter(direction="out").update(status="failed", error="1"),
    "assignee": lambda chat, owner: Conversation.objects.filter(pk=chat.pk).update(assigned_to=owner.id),
    "closed": lambda chat, owner: Conversation.objects.filter(pk=chat.pk).update(status="completed"),
    "lead": lambda chat, owner: Lead.objects.update(status="contacted"),
    "name": lambda chat, owner: Customer.objects.get().save(),
}


def version(owner: Business, chat: Conversation) -> Version:
    return read_version(viewer(owner), tab="all", conversation_id=chat.pk)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_list_and_chat_change(owner: Business, change: Change):
    chat = asks(owner, "Amina", minutes_ago=5)
    answers(chat, "Hello")
    before = version(owner, chat)
    assert version(owner, chat) == before
    change(chat, owner)
    after = version(owner, chat)
    assert after.rows != before.rows
    assert after.chat != before.chat


def test_a_decision_about_a_failure_changes_list_and_chat(owner: Business):
    chat = asks(owner, "Amina", minutes_ago=5)
    failed = answers(chat, "Hello", status="failed", error="1")
    before = version(owner, chat)
    leave(message=failed)
    after = version(owner, chat)
    assert (before.counts["failed"], after.counts["failed"]) == (1, 0)
    assert after.rows != before.rows
    assert after.chat != before.chat


def test_a_stopped_number_changes_the_counts(owner: Business):
    chat = asks(owner, "Amina")
    channel = Channel.objects.create(user=owner.user, phone_number_id="1")
    assert version(owner, chat).counts["stopped"] == 0
    stop_channel(channel_id=channel.pk, reason="190: expired")
    assert version(owner, chat).counts["stopped"] == 1


def test_who_looks_and_types_changes_the_chat_for_others_only(owner: Business, stranger: Business):
    chat = asks(owner, "Amina")
    before = version(owner, chat)
    ChatPresence.objects.note(person_id=owner.id, conversation_id=chat.pk, types=True)
    assert version(owner, chat) == before
    ChatPresence.objects.note(person_id=stranger.id, conversation_id=chat.pk, types=False)
    looking = version(owner, chat)
    ChatPresence.objects.note(person_id=stranger.id, conversation_id=chat.pk, types=True)
    assert len({before.chat, looking.chat, version(owner, chat).chat}) == 3


def test_reading_changes_the_list(owner: Business):
    chat = asks(owner, "Amina")
    before = version(owner, chat)
    ChatRead.objects.mark(person_id=owner.id, conversation_id=chat.pk, until=chat.messages.get().sort_at)
    assert version(owner, chat).rows != before.rows


def test_who_wrote_last_is_told_unless_a_colleague_takes_care(owner: Business, stranger: Business):
    chat = asks(owner, "Amina")
    arrived = version(owner, chat).arrived
    assert arrived is not None
    assert arrived[1:] == [str(chat.pk)]
    Conversation.objects.filter(pk=chat.pk).update(assigned_to=stranger.id)
    assert version(owner, chat).arrived is None


def test_who_wrote_last_is_told_also_behind_many_that_wait_for_colleagues(owner: Business, stranger: Business):
    """More may have arrived for colleagues between two questions of a page, of a laptop that slept before."""
    mine = asks(owner, "Amina", minutes_ago=1)
    theirs = [asks(owner, f"Customer {number}").pk for number in range(12)]
    Conversation.objects.filter(pk__in=theirs).update(assigned_to=stranger.id)
    arrived = version(owner, mine).arrived
    assert arrived is not None
    assert arrived[1:] == [str(mine.pk)]


def test_who_wrote_last_is_told_also_where_the_follow_up_of_their_lead_is_due(owner: Business):
    chat = asks(owner, "Amina")
    Lead.objects.update(follow_up_at=timezone.now() - timedelta(days=1))
    before = version(owner, chat).arrived
    assert before
    assert before[1:] == [str(chat.pk)]
    says(chat, "Hello?")
    after = version(owner, chat).arrived
    assert after
    assert after > before


def test_the_rows_in_view_are_watched_and_those_below_them_are_not(owner: Business):
    chats = [asks(owner, f"Customer {number}", minutes_ago=number) for number in range(40)]

    def rows(in_view: int) -> str:
        return read_version(viewer(owner), tab="all", conversation_id=None, rows_in_view=in_view).rows

    before = {in_view: rows(in_view) for in_view in (0, 15, 30, 45)}
    assert before[0] == before[15]
    Conversation.objects.filter(pk=chats[19].pk).update(assigned_to=owner.id)
    assert {in_view for in_view in before if rows(in_view) != before[in_view]} == {30, 45}


def test_what_was_changed_of_older_messages_in_view_is_told(owner: Business):
    chat = asks(owner, "Amina", minutes_ago=90)
    unseen, oldest, sent = (answers(chat, text) for text in ("Hello", "Cake?", "Bread?"))
    for number in range(60):
        says(chat, f"Number {number}")
    Message.objects.filter(conversation=chat).update(updated_at=timezone.now() - timedelta(hours=1))
    in_view = InView(oldest.pk, timezone.now())

    def moved(who: Business) -> dict[str, str]:
        return read_version(viewer(who), tab="all", conversation_id=chat.pk, in_view=in_view).moved

    newest = chat.messages.order_by("-sort_at")[0]
    assert moved(owner) == {}
    Message.objects.filter(pk=newest.pk).update(updated_at=timezone.now())
    for message in (unseen, sent):
        Message.objects.filter(pk=message.pk).update(status="read", updated_at=timezone.now())
    assert moved(owner).keys() == {str(sent.pk)}
    first = moved(owner)
    Message.objects.filter(pk=sent.pk).update(status="failed", updated_at=timezone.now())
    assert moved(owner) != first


def test_nobody_else_is_told_what_was_changed(owner: Business, stranger: Business):
    chat = asks(owner, "Amina")
    for number in range(60):
        says(chat, f"Number {number}")
    in_view = InView(chat.messages.earliest("sort_at").pk, timezone.now())
    for who, count in ((owner, 11), (stranger, 0)):
        assert len(read_version(viewer(who), tab="all", conversation_id=chat.pk, in_view=in_view).moved) == count


def test_another_business_is_nothing(owner: Business, stranger: Business):
    chat = asks(owner, "Amina")
    assert read_version(viewer(stranger), tab="all", conversation_id=chat.pk) == Version(
        "", "", dict.fromkeys((*COUNTED, "stopped"), 0), None, {}
    )


def test_it_is_one_statement(owner: Business):
    chat = asks(owner, "Amina")
    with CaptureQueriesContext(connection) as queries:
        version(owner, chat)
    assert len(queries) == 1
