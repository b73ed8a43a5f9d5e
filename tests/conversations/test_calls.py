"""The facts of a call and its words."""

from dataclasses import asdict
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.calls import Call
from tests.cases import each_case

BEGAN = Call(took_place=True)
ENDED = Call(took_place=True, ended=True)
ANY = st.builds(
    Call,
    took_place=st.booleans(),
    answered=st.booleans(),
    declined=st.booleans(),
    ended=st.booleans(),
    recorded=st.booleans(),
    seconds=st.integers(0, 100_000),
    transcript=st.text(max_size=3),
)


@each_case(
    ("call", "incoming", "outgoing"),
    [
        (BEGAN, "Called", "Called the customer"),
        (ENDED, "Missed call", "Call, not answered"),
        (Call(declined=True), "Call declined", "Call declined"),
        (ENDED.merged(Call(declined=True)), "Call declined", "Call declined"),
        (Call(answered=True), "Call", "Call"),
        (ENDED.merged(Call(answered=True)), "Call", "Call"),
        (Call(ended=True, seconds=20), "Call, 20 s", "Call, 20 s"),
        (Call(ended=True, seconds=120), "Call, 2 min", "Call, 2 min"),
        (Call(recorded=True), "Call, recorded", "Call, recorded"),
        (Call(seconds=90, recorded=True), "Call, 2 min, recorded", "Call, 2 min, recorded"),
        (Call(seconds=90, transcript="Hello"), "Call, 2 min\nHello", "Call, 2 min\nHello"),
    ],
)
def test_the_words_say_what_became_of_the_call(call, incoming, outgoing):
    assert (call.words(incoming=True), call.words(incoming=False)) == (incoming, outgoing)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59, "59 s"),
        (60, "1 min"),
        (89, "1 min"),
        (90, "2 min"),
        (3569, "59 min"),
        (3570, "1 h"),
        (3900, "1 h 5 min"),
        (10**18, "720 h"),
    ],
)
def test_a_duration_is_in_seconds_or_minutes(seconds, words):
    assert Call(seconds=seconds).words(incoming=True) == f"Call, {words}"


@given(st.lists(ANY, min_size=1, max_size=6), st.randoms())
def test_the_order_and_repetition_of_parts_do_not_matter(parts, random):
    shuffled = [*parts, *random.sample(parts, len(parts) // 2)]
    random.shuffle(shuffled)
    assert reduce(Call.merged, shuffled) == reduce(Call.merged, parts)


@given(ANY, ANY, ANY)
def test_merging_is_a_join(one, other, third):
    assert one.merged(other) == other.merged(one)
    assert one.merged(other).merged(third) == one.merged(other.merged(third))
    assert one.merged(one) == one.merged(Call()) == one


@given(ANY)
def test_stored_facts_are_read_back(call):
    assert Call.read(asdict(call)) == call


@pytest.mark.parametrize("stored", [None, 5, [], {}, {"seconds": "120", "answered": 1, "ended": None, "more": True}])
def test_facts_of_another_type_are_unknown(stored):
    assert Call.read(stored) == Call()
