"""What a person is found by: also former numbers, unless another customer has them now."""

import pytest
from django.db import transaction

from conversations.models import Customer, CustomerMove
from leadsite.core import clock
from leadsite.privacy.people import Person, person_of

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


def test_what_is_searched_for_is_kept_encrypted(moved, settings):
    person = found(moved)
    sealed = person.sealed()
    assert "4915" not in sealed
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [settings.SECRET_KEY]
    assert Person.unsealed(sealed) == person
