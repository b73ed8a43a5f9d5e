"""What moves do to customers, decided without a database."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from conversations.incoming import MoveReport, Sender
from leads.number_changes.book import KnownCustomer
from tests.leads.number_changes.tables import Tables

BUSINESS, OTHER_BUSINESS = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 7, 31, 12, tzinfo=UTC)
PHONES = ("+491510000001", "+491510000002", "+491510000003")
IDS = ("DE.1", "DE.2", "DE.3")


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def customer(number: int, phone: str | None, id_: str | None = None, *, since: int = -60, **its: Any) -> KnownCustomer:
    known: dict[str, Any] = {"user_id": BUSINESS, "first_message_at": at(since)} | its
    return KnownCustomer(id=UUID(int=100 + number), phone=phone, whatsapp_user_id=id_, **known)


def sender(phone: str | None = None, id_: str | None = None) -> Sender:
    return Sender(phone=phone, whatsapp_user_id=id_)


def move(former: Sender, now: Sender, minutes: int = 0, user_id: UUID = BUSINESS) -> MoveReport:
    return MoveReport(user_id=user_id, former=former, now=now, at=at(minutes))


def identifiers(tables: Tables) -> list[tuple[str | None, str | None]]:
    return [(one.phone, one.whatsapp_user_id) for one in tables.customers.values()]


def test_numbers_that_are_passed_on_within_one_delivery_are_written_one_list_after_the_other():
    first, second, third = PHONES
    tables = Tables([customer(1, first), customer(2, second)])
    changes = tables.apply(move(sender(first), sender(second), 2), move(sender(second), sender(third), 1))
    assert identifiers(tables) == [(second, None), (third, None)]
    assert [len(rows) for rows in changes.rows] == [1, 1]


def test_moves_of_different_people_are_one_list():
    people = range(1000)
    tables = Tables([customer(n, f"+49151{n:07}") for n in people])
    changes = tables.apply(*(move(sender(f"+49151{n:07}"), sender(f"+49152{n:07}")) for n in people))
    assert [len(rows) for rows in changes.rows] == [1000]


def test_two_can_exchange_their_numbers_by_way_of_their_ids():
    first, second, _ = PHONES
    tables = Tables([customer(1, first, "DE.1"), customer(2, second, "DE.2")])
    tables.apply(
        move(sender(first), sender(id_="DE.1", phone=None), 0),
        move(sender(first, "DE.1"), sender(id_="DE.3"), 1),
        move(sender(second, "DE.2"), sender(first, "DE.2"), 2),
        move(sender(id_="DE.3"), sender(second, "DE.1"), 3),
    )
    assert identifiers(tables) == [(second, "DE.1"), (first, "DE.2")]


def test_a_customer_who_has_only_written_since_is_merged_and_one_from_a_form_is_not():
    first, second, _ = PHONES
    moved = move(sender(first), sender(second))
    tables = Tables([customer(1, first), customer(2, second, since=5)])
    assert tables.apply(moved).merges == [(UUID(int=102), UUID(int=101))]
    assert identifiers(tables) == [(second, None)]
    tables = Tables([customer(1, first), customer(2, second, since=5, came_otherwise=True)])
    changes = tables.apply(moved)
    assert (changes.merges, tables.moves) == ([], {})
    assert identifiers(tables) == [(first, None), (second, None)]


def test_nobody_is_merged_where_the_new_number_or_the_new_id_is_another_persons():
    first, second, _ = PHONES
    tables = Tables([customer(1, first), customer(2, second, since=5), customer(3, None, "DE.1", came_otherwise=True)])
    changes = tables.apply(move(sender(first), sender(second, "DE.1")))
    assert (changes.merges, tables.moves) == ([], {})
    assert identifiers(tables) == [(first, None), (second, None), (None, "DE.1")]


def test_the_same_numbers_of_another_business_are_other_people():
    first, second, _ = PHONES
    tables = Tables([customer(1, first), customer(2, first, user_id=OTHER_BUSINESS)])
    tables.apply(move(sender(first), sender(second), user_id=OTHER_BUSINESS))
    assert identifiers(tables) == [(first, None), (second, None)]


SENDERS = [sender(phone, id_) for phone, id_ in product((*PHONES, None), (*IDS, None)) if phone or id_]
MOVES = st.lists(
    st.builds(move, st.sampled_from(SENDERS), st.sampled_from(SENDERS), st.integers(0, 4)), min_size=1, max_size=8
)


@st.composite
def some_customers(draw: st.DrawFn) -> list[KnownCustomer]:
    """Up to three customers: each with a phone, an id or both, that no other has."""
    phones, ids = draw(st.permutations((*PHONES, None))), draw(st.permutations((*IDS, None)))
    since = st.integers(-2, 6)
    return [
        customer(n, phone, id_, since=draw(since), came_otherwise=draw(st.booleans()))
        for n, (phone, id_) in enumerate(zip(phones[:3], ids[:3], strict=True))
        if phone or id_
    ]


@given(some_customers(), MOVES)
def test_many_moves_at_once_change_what_they_change_one_after_the_other(customers, moves):
    together, alone = Tables(customers), Tables(customers)
    together.apply(*moves)
    for one in sorted(moves, key=lambda one: (one.at, one.former.phone or "~", one.former.whatsapp_user_id or "~")):
        alone.apply(one)
    assert (together.customers, together.moves) == (alone.customers, alone.moves)
