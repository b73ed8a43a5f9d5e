"""Two are told apart by separate processes at the same moment, and while one of them is merged: no pair is there twice,
none is lost.
"""

import pytest

from conversations.models import Customer
from leads.merging.distinct import tell_apart
from leads.merging.services import MergeRefused, merge
from leads.models import DistinctPair
from tests.sessions import lock_customer, processes, session, waiting
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)
PHONES = [f"+491512344000{n}" for n in range(4)]


def tell_there(business, one, other):
    """Returns what was done, or "refused"."""
    try:
        return tell_apart(user_id=business, ids=(one, other), person_id=None)
    except MergeRefused:
        return "refused"


def merge_there(business, source, target):
    merge(user_id=business, source_id=source, target_id=target, person_id=None)
    return True


@pytest.fixture
def four(owner):
    """The ids of four customers."""
    for phone in PHONES:
        owner.has_lead(customer_phone=phone)
    return list(Customer.objects.order_by("phone").values_list("pk", flat=True))


def pairs():
    return set(DistinctPair.objects.values_list("first_id", "second_id"))


def test_said_by_two_at_once_it_is_stored_once(owner, four):
    with processes(2) as pool, session() as gate:
        lock_customer(gate, owner.id, PHONES[0])
        said = [pool.submit(tell_there, owner.id, four[one], four[1 - one]) for one in (0, 1)]
        until(lambda: waiting(gate) >= 2)
        gate.rollback()
        assert sorted(call.result() for call in said) == [False, True]
    assert pairs() == {tuple(sorted(four[:2]))}


@pytest.mark.parametrize("first", ["told", "merged"])
def test_said_during_a_merge_it_is_refused_or_of_the_one_who_stays(first, owner, four):
    with processes(2) as pool, session() as gate:
        lock_customer(gate, owner.id, PHONES[0])
        calls = {"told": (tell_there, four[0], four[2]), "merged": (merge_there, four[0], four[1])}
        results = {}
        for name in (first, *(calls.keys() - {first})):
            results[name] = pool.submit(calls[name][0], owner.id, *calls[name][1:])
            until(lambda: waiting(gate) >= len(results))
        gate.rollback()
        assert results["merged"].result()
        told = results["told"].result()
    assert told in (True, "refused")
    assert pairs() == ({tuple(sorted((four[1], four[2])))} if told is True else set())


def test_of_a_pair_both_of_whom_are_merged_at_once_one_pair_is_left(owner, four):
    tell_apart(user_id=owner.id, ids=(four[0], four[2]), person_id=None)
    tell_apart(user_id=owner.id, ids=(four[1], four[3]), person_id=None)
    with processes(2) as pool, session() as gate:
        for n in (0, 2):
            lock_customer(gate, owner.id, PHONES[n])
        merged = [pool.submit(merge_there, owner.id, four[n], four[n + 1]) for n in (0, 2)]
        until(lambda: waiting(gate) >= 2)
        gate.rollback()
        assert all(call.result() for call in merged)
    assert pairs() == {tuple(sorted((four[1], four[3])))}
