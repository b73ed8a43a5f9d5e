"""Which of a customer's choices about marketing counts."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from conversations.marketing import MarketingChoice, latest_choices

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=1)
AMINA, BRUNO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("choices", "counts"),
    [
        ([(NOON, True), (LATER, False)], (LATER, False)),
        ([(NOON, False), (LATER, True)], (LATER, True)),
        ([(NOON, True), (NOON, False)], (NOON, True)),
        ([(NOON, True), (LATER, True), (NOON, False)], (LATER, True)),
    ],
)
def test_the_latest_counts_and_of_equal_times_the_stop(choices, counts):
    for ordered in permutations(choices):
        found = latest_choices((AMINA, MarketingChoice(*choice)) for choice in ordered)
        assert found == {AMINA: MarketingChoice(*counts)}


def test_each_customer_has_their_own():
    stop, resume = MarketingChoice(NOON, stops=True), MarketingChoice(NOON, stops=False)
    assert latest_choices([(AMINA, stop), (BRUNO, resume)]) == {AMINA: stop, BRUNO: resume}
    assert latest_choices([]) == {}
