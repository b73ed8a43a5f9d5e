"""What has come back, and the others that wait: every chat on some page, once."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Conversation
from leads.models import Lead
from leadsite.inbox.chats import counts, page_ids, read_cursor, read_page
from leadsite.inbox.work.back import back_ids
from leadsite.inbox.work.filters import EVERYTHING, Filters
from leadsite.inbox.work.tabs import COUNT_LIMIT
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, chat_of, viewer
from tests.plans import TUPLES, assert_reads_no_whole_table


def all_pages(business: Business, *, size: int = 30, filters: Filters = EVERYTHING) -> list[str]:
    seen, after = [], None
    while True:
        page = read_page(viewer(business), "waiting", after=after, size=size, filters=filters)
        assert len(page.rows) == size or page.next is None
        seen += [row.customer for row in page.rows]
        if page.next is None:
            return seen
        after = read_cursor(str(page.next))


def snooze(chat: Conversation, *, minutes_ago: int) -> None:
    Conversation.objects.filter(pk=chat.pk).update(snoozed_until=timezone.now() - timedelta(minutes=minutes_ago))


def follow_up(lead: Lead, *, minutes_ago: int) -> None:
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now() - timedelta(minutes=minutes_ago))


def test_who_waits_is_on_a_page_behind_any_number_of_follow_ups(owner: Business):
    amina = asks(owner, "Amina")
    asks(owner, "Waits")
    bruno = chat_of(owner, "Bruno")
    for number in range(COUNT_LIMIT + 1):
        chat_of(owner, f"Customer {number}")
    now = timezone.now() - timedelta(hours=1)
    Lead.objects.exclude(conversation__customer__name="Waits").update(follow_up_at=now)
    Lead.objects.filter(conversation=amina).update(follow_up_at=now - timedelta(days=2))
    Lead.objects.filter(conversation=bruno).update(follow_up_at=None)
    snooze(bruno, minutes_ago=24 * 60)
    Conversation.objects.filter(pk__in=[amina.pk, bruno.pk]).update(assigned_to=owner.id)

    seen = all_pages(owner)
    assert len(seen) == len(set(seen)) == COUNT_LIMIT + 4
    assert seen[-3:] == ["Bruno", "Amina", "Waits"]
    assert all_pages(owner, filters=Filters(assignee="me")) == ["Bruno", "Amina"]
    assert counts(viewer(owner))["waiting"] > COUNT_LIMIT


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 8, 30])
def test_a_chat_that_has_come_back_twice_is_listed_once_where_it_came_back_last(owner: Business, size: int):
    both, twice, late, early = (chat_of(owner, name) for name in ("Both", "Twice", "Late", "Early"))
    for minutes, name in enumerate(("First", "Second", "Third")):
        asks(owner, name, minutes_ago=minutes)
    snooze(both, minutes_ago=4)
    follow_up(both.leads.get(), minutes_ago=1)
    snooze(late, minutes_ago=3)
    follow_up(late.leads.get(), minutes_ago=9)
    snooze(early, minutes_ago=10)
    follow_up(twice.leads.get(), minutes_ago=8)
    owner.has_lead(customer_name="Twice", external_id="2")
    Lead.objects.filter(external_id="2").update(conversation=twice, follow_up_at=timezone.now() - timedelta(minutes=2))
    assert all_pages(owner, size=size) == ["Both", "Twice", "Late", "Early", "First", "Second", "Third"]
    assert counts(viewer(owner))["waiting"] == 7


@pytest.mark.parametrize("is_first", [True, False])
def test_pages_are_read_by_indexes(owner: Business, is_first: bool):
    for statement in (back_ids("%(limit)s", is_first=is_first), page_ids("waiting", is_first=is_first)):
        assert_reads_no_whole_table(re.sub(r"%\(\w+\)s", "%s", statement), TUPLES["no statistics"])
