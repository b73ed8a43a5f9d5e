"""The earliest message of a conversation becomes the lead's details, whatever the order of arrival."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.first_messages import (
    Correction,
    ExistingLead,
    FirstMessage,
    details_of,
    first_of_each,
    has_words,
    plan_leads,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEAD = UUID(int=7)


def first(n, at=0, conversation=1, **changed):
    return FirstMessage(
        id=UUID(int=n),
        user_id=UUID(int=1),
        conversation_id=UUID(int=conversation),
        at=NOON + timedelta(seconds=at),
        details=f"Message {n}",
        **changed,
    )


def existing(message):
    return {message.conversation_id: ExistingLead(LEAD, message.id, message.at, "before", message.has_words)}


def test_the_details_are_the_text_or_words_for_the_kind_cut_to_the_maximum_length():
    assert details_of("text", "\u2003 A cake\n", {}) == "A cake"
    assert details_of("image", " \u00a0", {}) == "Photo"
    assert details_of("some_new_kind", "", {}) == "Some new kind"
    assert details_of("text", "a" * 20_000, {}) == "a" * 10_000


def test_a_conversation_without_lead_gets_one_by_its_earliest_message():
    assert plan_leads([first(2, at=5), first(1, at=3), first(3, conversation=2)], {}) == (
        [first(1, at=3), first(3, conversation=2)],
        [],
    )


def test_an_earlier_message_corrects_the_lead_and_a_later_one_does_not():
    assert plan_leads([first(1, at=-1)], existing(first(2))) == ([], [Correction(LEAD, first(1, at=-1), "before")])
    assert plan_leads([first(1, at=1)], existing(first(2))) == ([], [])


def test_the_full_message_for_a_placeholder_corrects_the_lead_of_the_placeholder():
    assert plan_leads([first(2)], existing(first(2))) == ([], [Correction(LEAD, first(2), "before")])


def test_a_lead_from_another_source_is_not_changed():
    assert plan_leads([first(1)], {UUID(int=1): ExistingLead(LEAD, None, None)}) == ([], [])


def test_the_first_words_come_before_an_earlier_message_without_words():
    photo, words, more = first(1, at=1, has_words=False), first(2, at=2), first(3, at=3)
    assert plan_leads([photo, words, more], {}) == ([words], [])
    assert plan_leads([more, words], existing(photo)) == ([], [Correction(LEAD, words, "before")])
    assert plan_leads([photo], existing(words)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("text", "A cake", True),
        ("text", " ", False),
        ("image", "Like these", True),
        ("image", "", False),
        ("unsupported", "(poll)", False),
        ("call", "Missed call", False),
    ],
)
def test_which_messages_say_something(kind, content, said):
    assert has_words(kind, content) is said


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(-2, 2), st.booleans()), unique_by=lambda row: row[:2]),
    st.randoms(use_true_random=False),
)
def test_the_order_does_not_matter(rows, rng):
    messages = [first(n, at=at, conversation=one, has_words=words) for n, (one, at, words) in enumerate(rows)]
    assert first_of_each(rng.sample(messages, len(messages))) == first_of_each(messages)
