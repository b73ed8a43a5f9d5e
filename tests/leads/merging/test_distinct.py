"""Somebody says that two customers are not the same person, and takes it back; what merges make of it."""

import pytest

from conversations.models import Customer
from leads.merging.distinct import take_back, tell_apart
from leads.merging.duplicates import duplicates_of, read_page
from leads.merging.services import MergeRefused, merge, undo_merge
from leads.models import DistinctPair
from leadsite.accounts.models import User
from leadsite.privacy.erasing import erase_customer
from leadsite.privacy.exporting import export_customer
from tests.cases import each_case

pytestmark = pytest.mark.django_db


def customers(owner, *names):
    return [Customer.objects.create(user=owner.user, name=one, whatsapp_user_id=f"DE.{one}") for one in names]


@pytest.fixture
def ana(owner):
    """Two with one name, of whom one has no number: a possible duplicate."""
    numbered = Customer.objects.create(user=owner.user, name="Ana", phone="+4915123440001")
    return numbered, Customer.objects.create(user=owner.user, name="Ana", whatsapp_user_id="DE.1")


def say(owner, one, other):
    return tell_apart(user_id=owner.id, ids=(one.pk, other.pk), person_id=owner.id)


def pairs():
    """The names of both, of all pairs."""
    names = dict(Customer.objects.values_list("pk", "name"))
    ids = DistinctPair.objects.values_list("first_id", "second_id")
    return sorted("".join(sorted(names[one] for one in pair)) for pair in ids)


def rows():
    return list(DistinctPair.objects.order_by("pk").values_list("id", "first_id", "second_id", "person_id"))


def test_the_pair_is_not_offered_until_it_is_taken_back(owner, ana):
    def offered():
        found = [read_page(user_id=owner.id, country="").pairs, *(duplicates_of(one, country="") for one in ana)]
        assert len({len(one) for one in found}) == 1
        return bool(found[0])

    assert offered()
    assert say(owner, *ana)
    assert not offered()
    assert take_back(user_id=owner.id, ids=(ana[1].pk, ana[0].pk))
    assert offered()
    assert not take_back(user_id=owner.id, ids=(ana[0].pk, ana[1].pk))


def test_it_is_stored_once_whichever_is_named_first(owner, ana):
    assert say(owner, *ana)
    assert not say(owner, *reversed(ana))
    pair = DistinctPair.objects.get()
    assert (pair.first_id, pair.second_id, pair.person_id) == (*sorted(one.pk for one in ana), owner.id)


def test_other_businesses_one_customer_and_one_who_is_gone_are_refused(owner, stranger, ana):
    theirs = Customer.objects.create(user=stranger.user, name="Ana", whatsapp_user_id="DE.1")
    gone = Customer.objects.create(user=owner.user, name="Ana", whatsapp_user_id="DE.2")
    erase_customer(user_id=owner.id, customer_id=gone.pk)
    for one, other in ((ana[0], ana[0]), (ana[0], theirs), (theirs, ana[0]), (ana[0], gone)):
        with pytest.raises(MergeRefused):
            say(owner, one, other)
    say(owner, *ana)
    assert not take_back(user_id=stranger.id, ids=(ana[0].pk, ana[1].pk))
    assert DistinctPair.objects.exists()


@each_case(
    "said, merged, left",
    [
        # Who is not A is not B, when A is B.
        (["AC"], "AB", ["BC"]),
        (["CA"], "AB", ["BC"]),
        (["AC", "BC"], "AB", ["BC"]),
        # The merge says the contrary.
        (["AB"], "AB", []),
        (["AB"], "BA", []),
        (["AB", "AC"], "AB", ["BC"]),
        (["BC", "CD"], "AB", ["BC", "CD"]),
    ],
)
def test_a_merge_takes_it_along_and_the_undo_gives_it_back(said, merged, left, owner):
    by_name = {one.name: one for one in customers(owner, "A", "B", "C", "D")}
    for one, other in said:
        say(owner, by_name[one], by_name[other])
    before = rows()
    source, target = (by_name[name].pk for name in merged)
    done = merge(user_id=owner.id, source_id=source, target_id=target, person_id=None)
    assert pairs() == left
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert rows() == before


def test_what_was_taken_back_or_erased_after_a_merge_does_not_come_back(owner):
    a, b, c, d = customers(owner, "A", "B", "C", "D")
    for other in (c, d):
        say(owner, a, other)
        say(owner, b, other)
    done = merge(user_id=owner.id, source_id=a.pk, target_id=b.pk, person_id=None)
    assert take_back(user_id=owner.id, ids=(b.pk, c.pk))
    erase_customer(user_id=owner.id, customer_id=d.pk)
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert pairs() == ["AC"]


def test_the_undo_gives_back_what_somebody_said_who_has_left(owner, ana):
    person = User.objects.create_user("left@bakery.example")
    tell_apart(user_id=owner.id, ids=(ana[0].pk, ana[1].pk), person_id=person.pk)
    done = merge(user_id=owner.id, source_id=ana[0].pk, target_id=ana[1].pk, person_id=None)
    person.delete()
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert DistinctPair.objects.get().person_id is None


def test_it_goes_with_a_customer_and_stays_without_the_person(owner, ana):
    third = customers(owner, "C")[0]
    person = User.objects.create_user("left@bakery.example")
    tell_apart(user_id=owner.id, ids=(ana[0].pk, third.pk), person_id=person.pk)
    say(owner, *ana)
    person.delete()
    exported = export_customer(ana[0])["not_the_same_person"]
    assert len(exported) == 2
    assert exported[0]["person_id"] is None
    erase_customer(user_id=owner.id, customer_id=ana[1].pk)
    assert pairs() == ["AnaC"]
