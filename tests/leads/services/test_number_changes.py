"""Changes of numbers that deliveries report, as far as the service reads and locks for them."""

from datetime import timedelta

import pytest

from conversations.incoming import MoveReport, Sender
from conversations.models import Customer
from leads.models import Lead
from leads.services.create import create_leads
from leads.services.number_changes import move_customers
from leads.services.rules import NewLead
from leadsite.core import clock
from tests.factories import Business


def number(n: int) -> str:
    return f"+49151{n:08d}"


def move(owner: Business, former: int, now: int, *, minute: int) -> MoveReport:
    return MoveReport(
        user_id=owner.id,
        former=Sender(phone=number(former), whatsapp_user_id=None),
        now=Sender(phone=number(now), whatsapp_user_id=None),
        at=clock.now() + timedelta(minutes=minute),
    )


def numbers() -> list[str | None]:
    return list(Customer.objects.order_by("phone_key").values_list("phone", flat=True))


def know(owner: Business, *customers: int) -> None:
    leads = [NewLead(customer_phone=number(n), customer_name="Somebody", type="inquiry") for n in customers]
    create_leads(user_id=owner.id, leads=leads, source=Lead.Source.API)


@pytest.mark.parametrize("length", [9, 10, 11, 40])
def test_a_number_at_the_end_of_many_stored_moves_stays_with_its_owner(db: None, owner: Business, length: int) -> None:
    for n in range(1, length + 1):
        move_customers(moves=[move(owner, n, n + 1, minute=n)])
    know(owner, 0, length + 1)
    move_customers(moves=[move(owner, 0, 1, minute=0)])
    assert number(length + 1) in numbers()
    assert len(numbers()) == 2


def test_moves_of_one_delivery_lengthen_the_chains_of_one_another(db: None, owner: Business) -> None:
    for n in range(10, 20):
        move_customers(moves=[move(owner, n, n + 1, minute=n)])
    know(owner, 0, 20)
    move_customers(moves=[move(owner, n, n + 1, minute=n) for n in range(10)])
    assert len(numbers()) == 2
    assert number(20) in numbers()
