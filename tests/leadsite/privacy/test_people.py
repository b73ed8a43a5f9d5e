"""What a person is found by: also former numbers, unless another customer has them now."""

from datetime import timedelta

import pytest
from django.db import transaction

from conversations.models import Customer, CustomerMove
from leadsite.core import clock
from leadsite.privacy.exporting import export_customer
from leadsite.privacy.people import Person, person_of
from tests.leads.merging.pairs import customer_of, make_one, message

pytestmark = pytest.mark.django_db


def found(customer):
    with transaction.atomic():
        return person_of(customer)


@pytest.fixture
def moved(owner):
    """A customer who had another number before."""
    owner.post_lead(customer_phone="+4915111111111")
    moves = {"former": "+4915222222222", "phone": "+4915111111111", "moved_at": clock.now()}
    CustomerMove.objects.create(user=owner.user, **moves)
    return Customer.objects.get()


def test_former_numbers_count(moved):
    assert found(moved).phones == ["+4915111111111", "+4915222222222"]


def test_a_number_that_somebody_else_has_now_does_not(moved, owner):
    owner.post_lead(customer_phone="+4915222222222")
    assert found(moved).phones == ["+4915111111111"]


@pytest.fixture
def recycled(owner):
    """The mover, whose number was 1, then 2, 3 and 4, and a customer who has the third one now."""
    one, two, three, four = (f"+4915{digit * 9}" for digit in "1234")
    for hours, former, phone in ((3, one, two), (2, two, three), (1, three, four)):
        at = clock.now() - timedelta(hours=hours)
        CustomerMove.objects.create(user=owner.user, former=former, phone=phone, moved_at=at)
    return [customer_of(owner.has_lead(customer_phone=phone)) for phone in (four, three)]


def test_who_has_a_number_after_somebody_has_only_that_one(recycled):
    mover, successor = recycled
    assert found(successor).phones == [successor.phone]
    assert export_customer(successor)["former_identifiers"] == []
    theirs = ["+4915111111111", "+4915222222222", mover.phone]
    assert found(mover).phones == theirs
    assert [row["former"] for row in export_customer(mover)["former_identifiers"]] == [*theirs[:2], successor.phone]
    # Also found from the other end: a message of that time has the number.
    message(mover.conversations.get().pk, address=theirs[1])
    assert found(mover).phones == theirs


def test_a_merge_does_not_connect_who_begins_anew_with_the_other_customer(owner, moved):
    source = customer_of(owner.has_lead())
    make_one(owner, source, moved)
    begun = customer_of(owner.has_lead(customer_phone=source.phone))
    assert found(begun).phones == [source.phone]
    assert found(moved).phones == ["+4915111111111", "+4915222222222"]


def test_what_is_searched_for_is_kept_encrypted(moved, settings):
    person = found(moved)
    sealed = person.sealed()
    assert "4915" not in sealed
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [settings.SECRET_KEY]
    assert Person.unsealed(sealed) == person
