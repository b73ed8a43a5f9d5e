"""The list of chats: which are in a tab, in what order, what is unread, and how many statements it takes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation
from leads.models import Lead
from leadsite.inbox.chats import counts, read_cursor, read_page, shown_count
from leadsite.inbox.models import ChatRead
from leadsite.inbox.work.tabs import COUNT_LIMIT
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, chat_of, says, viewer


def names(business: Business, tab: str) -> list[str]:
    return [row.customer for row in read_page(viewer(business), tab).rows]


def test_the_tabs(owner: Business, stranger: Business):
    asks(stranger, "Theirs")
    asks(owner, "Waits", minutes_ago=3)
    mine = asks(owner, "Mine", minutes_ago=2)
    answers(mine, "Yes", at=timezone.now() - timedelta(minutes=1))
    Conversation.objects.filter(pk=mine.pk).update(assigned_to=owner.id)
    done = asks(owner, "Done", minutes_ago=5)
    answers(done, "Bye", at=timezone.now() - timedelta(minutes=4))
    Conversation.objects.filter(pk=done.pk).update(status="completed")
    chat_of(owner, "Form")

    assert names(owner, "waiting") == ["Waits"]
    assert names(owner, "mine") == ["Mine"]
    assert names(owner, "unassigned") == ["Waits"]
    assert names(owner, "all") == ["Mine", "Waits", "Done", "Form"]
    assert counts(viewer(owner)) == {"waiting": 1, "mine": 1, "unassigned": 1, "snoozed": 0, "mentions": 0, "failed": 0}


@pytest.mark.parametrize("status", ["lost", "converted"])
def test_a_customer_who_returns_stands_where_those_who_wait_stand(owner: Business, status: str):
    asks(owner, "New", minutes_ago=5)
    back = chat_of(owner, "Back")
    Lead.objects.filter(conversation=back).update(status=status, lost_reason="late")
    says(back, "I am back")
    assert names(owner, "waiting") == ["Back", "New"]
    assert read_page(viewer(owner), "waiting").rows[0].lead_status == status


def test_unread_is_what_this_person_has_not_seen(owner: Business, stranger: Business):
    chat = asks(owner, "Amina", minutes_ago=9)
    says(chat, "Are you there?")
    (row,) = read_page(viewer(owner), "all").rows
    assert (row.unread, row.snippet, row.is_ours) == (2, "Are you there?", False)
    ChatRead.objects.mark(person_id=owner.id, conversation_id=chat.pk, until=timezone.now())
    ChatRead.objects.mark(person_id=stranger.id, conversation_id=chat.pk, until=timezone.now() - timedelta(days=1))
    assert read_page(viewer(owner), "all").rows[0].unread == 0
    says(chat, "Hello?")
    assert read_page(viewer(owner), "all").rows[0].unread == 1


def test_what_a_colleague_has_answered_before_is_not_unread_for_a_new_person(owner: Business):
    chat = asks(owner, "Amina", minutes_ago=9)
    answers(chat, "Yes")
    (row,) = read_page(viewer(owner), "all").rows
    assert (row.unread, row.is_ours, row.tick) == (0, True, ("check", "Sent"))


def test_the_pages_have_each_chat_once_and_the_same_number_of_statements(owner: Business):
    for number in range(7):
        asks(owner, f"Customer {number}", minutes_ago=number // 3)
    chat_of(owner, "Without messages")
    seen, after = [], None
    while True:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = read_page(viewer(owner), "all", after=after, size=3)
        assert len(queries) == 2
        seen += [row.customer for row in page.rows]
        if page.next is None:
            break
        after = read_cursor(str(page.next))
    assert len(seen) == len(set(seen)) == 8
    assert seen[-1] == "Without messages"


@pytest.mark.parametrize(
    "text", ["", "x", "1_2", "nan_01a22434-70c2-7287-9e2a-b424a3757214", "1e99_01a22434-70c2-7287-9e2a-b424a3757214"]
)
def test_an_address_that_names_no_place_is_the_first_page(text: str):
    assert read_cursor(text) is None


def test_counts_are_shown_up_to_a_limit():
    assert [shown_count(number) for number in (0, COUNT_LIMIT, COUNT_LIMIT + 1)] == ["0", "99", "99+"]
