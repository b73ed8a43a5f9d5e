"""Conversation.objects.join_or_open: which conversations are joined, reopened and opened."""

from datetime import UTC, datetime

import pytest

from conversations.models import Conversation, Customer, Opening
from tests.factories import Business


@pytest.fixture
def customer(owner: Business) -> Customer:
    return Customer.objects.create(user=owner.user, phone="+1234567891")


def opening(customer: Customer, status: str = "active") -> Opening:
    return Opening(customer.user_id, customer.pk, status)


def test_the_first_of_several_openings_opens_and_the_others_join(customer: Customer) -> None:
    first, second = Conversation.objects.join_or_open([opening(customer)] * 2)
    assert first.id == second.id
    assert (first.created, second.created) == (True, False)
    (third,) = Conversation.objects.join_or_open([opening(customer)])
    assert (third.id, third.created) == (first.id, False)


def test_another_status_always_opens_a_conversation_and_leaves_the_active_one(customer: Customer) -> None:
    statuses = ["completed", "active", "completed", "archived", "active"]
    joined = Conversation.objects.join_or_open([opening(customer, status) for status in statuses])
    assert [one.created for one in joined] == [True, True, True, True, False]
    assert len({one.id for one in joined}) == 4
    assert [Conversation.objects.get(pk=one.id).status for one in joined] == statuses


@pytest.mark.parametrize(
    ("statuses", "joins"),
    [
        ([], None),
        (["completed"], 0),
        (["archived"], None),
        (["completed", "archived"], None),
        (["archived", "completed"], 1),
        (["active", "completed"], 0),
    ],
)
def test_the_newest_conversation_is_reopened_if_it_is_completed(customer: Customer, statuses, joins) -> None:
    existing = [
        Conversation.objects.create(user_id=customer.user_id, customer=customer, status=status) for status in statuses
    ]
    (place,) = Conversation.objects.join_or_open([opening(customer)], reopen_completed=True)
    assert place.created == (joins is None)
    assert Conversation.objects.get(pk=place.id).status == "active"
    if joins is not None:
        existing[joins].refresh_from_db()
        assert existing[joins].pk == place.id


def test_a_thousand_openings_are_one_statement(owner: Business, django_assert_num_queries) -> None:
    phones = [(f"+12345{number:06}", "") for number in range(1000)]
    customers = Customer.objects.upsert(user_id=owner.id, customers=phones)
    openings = [Opening(owner.id, customer.id) for customer in customers.values()]
    with django_assert_num_queries(1):
        joined = Conversation.objects.join_or_open(openings)
    assert len({one.id for one in joined}) == 1000
    with django_assert_num_queries(1):
        assert Conversation.objects.join_or_open([], reopen_completed=True) == []
        assert [one.id for one in Conversation.objects.join_or_open(openings, reopen_completed=True)] == [
            one.id for one in joined
        ]


def test_times_only_move_forward(customer: Customer) -> None:
    early, late = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2))

    def times(*given: datetime | None) -> tuple[datetime | None, datetime | None]:
        (one,) = Conversation.objects.join_or_open([Opening(customer.user_id, customer.pk, "active", *given)])
        row = Conversation.objects.get(pk=one.id)
        return row.last_message_at, row.last_inbound_at

    assert times() == (None, None)
    assert times(early, None) == (early, None)
    assert times(late, early) == (late, early)
    assert times(early, late) == (late, late)
    assert times() == (late, late)
