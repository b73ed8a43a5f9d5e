"""Reported changes of numbers, and others who change the same customers at the same moment."""

from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from conversations.models import Customer, CustomerMove
from leads.merging.services import MergeRefused, merge
from leads.models import Lead
from leads.services.create import create_leads
from leads.services.rules import NewLead
from leadsite.privacy.erasing import erase_customer
from tests.sessions import deadlocks, held_back, lock_customer, processes, session, suspended, waiting
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.sheena import NEW_NUMBER, PHONE, by_phone, identities, number_change
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PHONE = f"+{NEW_NUMBER}"


def receive(*messages: Any) -> None:
    webhook_client.receive(meta.body(meta.messages_value(messages=list(messages))))


def create(business: Any, *phones: str) -> None:
    leads = [NewLead(customer_phone=phone, customer_name="From a form", type="order") for phone in phones]
    create_leads(user_id=business, leads=leads, source=Lead.Source.API)


def merge_or_not(business: Any, source: Any, target: Any) -> bool:
    """Whether both were there still."""
    try:
        merge(user_id=business, source_id=source, target_id=target, person_id=None)
    except MergeRefused:
        return False
    return True


def states() -> set[str]:
    return set(WebhookDelivery.objects.values_list("state", flat=True))


@pytest.mark.parametrize("first", ["move", "create"])
def test_a_move_and_a_lead_with_the_new_number_are_stored_whoever_is_first(inbox: Inbox, first: str) -> None:
    inbox.gets(by_phone("Hello"))
    before = deadlocks()
    with processes(2) as pool, session() as observer:
        calls = {"move": partial(receive, number_change()), "create": partial(create, inbox.business.id, NEW_PHONE)}
        done: list[Future[Any]] = []
        with held_back(2):
            for name in sorted(calls, key=lambda name: name != first):
                done.append(pool.submit(calls[name]))
                until(lambda: waiting(observer) == len(done))
        for one in done:
            one.result()
    assert (states(), deadlocks()) == ({"processed"}, before)
    moved = {(NEW_PHONE, None)}
    assert set(identities(inbox)) in (moved, moved | {(PHONE, None)})
    assert CustomerMove.objects.exists() == (len(inbox.customers) == 1)
    assert {lead.source for lead in inbox.leads if lead.conversation.customer.phone == NEW_PHONE} >= {"api"}


@pytest.mark.parametrize("into", ["who moves", "the other"])
def test_a_move_waits_for_staff_who_merge_the_customer(inbox: Inbox, into: str) -> None:
    inbox.gets(by_phone("Hello"), meta.text("Hello", from_="16505550000"))
    mover, other = sorted(inbox.customers, key=lambda one: one.phone != PHONE)
    pair = (other, mover) if into == "who moves" else (mover, other)
    with processes(2) as pool, session() as observer:
        with held_back(2):
            merging = pool.submit(merge_or_not, inbox.business.id, *(one.pk for one in pair))
            until(lambda: waiting(observer) == 1)
            moving = pool.submit(receive, number_change())
        moving.result()
        assert merging.result()
    assert states() == {"processed"}
    assert inbox.counts()[0] == 1
    expected = NEW_PHONE if into == "who moves" else "+16505550000"
    assert identities(inbox) == [(expected, None)]


def test_many_moves_in_opposite_orders_beside_creates_and_merges(inbox: Inbox) -> None:
    people = range(30)
    old, new = [f"4915100{n:06d}" for n in people], [f"4915200{n:06d}" for n in people]
    inbox.gets(*(meta.text("Hello", from_=number) for number in old))
    moves = [number_change(new[n], from_=old[n], timestamp=meta.NOON + 100 + n) for n in people]
    ids = [one.pk for one in inbox.customers]
    before = deadlocks()
    with processes(6) as pool:
        work: list[Future[Any]] = []
        for step in (1, -1, 1, -1):
            work += [pool.submit(receive, *moves[start::3][::step]) for start in (0, 1, 2, 0)]
            work.append(pool.submit(create, inbox.business.id, *(f"+{number}" for number in new[::step])))
            work += [pool.submit(merge_or_not, inbox.business.id, ids[n], ids[n + 1]) for n in range(0, 30, 10)][::step]
        for one in work:
            one.result()
    assert states() == {"processed"}
    assert deadlocks() == before
    keys = list(Customer.objects.values_list("phone_key", flat=True))
    assert len(keys) == len(set(keys))


def test_a_move_waits_for_another_session_with_the_customer(inbox: Inbox) -> None:
    """The customer has got another number meanwhile: the move finds that one."""
    inbox.gets(by_phone("Hello"))
    with processes(1) as pool, session() as other, session() as observer:
        lock_customer(other, inbox.business.id, PHONE)
        moving = pool.submit(receive, number_change())
        until(lambda: waiting(observer) == 1)
        other.execute("UPDATE customers SET phone = '+16505550000'")
        other.commit()
        moving.result()
    assert states() == {"processed"}
    assert identities(inbox) == [("+16505550000", None)]


def test_a_move_of_a_person_who_is_erased_at_the_same_moment_leaves_nothing(inbox: Inbox) -> None:
    inbox.gets(by_phone("Hello"))
    (customer,) = inbox.customers
    with suspended(receive, number_change(), after="FROM unnest(%s::integer[], %s::uuid[], %s::uuid[])") as moving:
        erase_customer(user_id=inbox.business.id, customer_id=customer.pk)
    moving.result()
    assert not CustomerMove.objects.exists()
    assert inbox.counts() == (0, 0, 0, 0)
