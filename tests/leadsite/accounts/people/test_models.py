"""Memberships: constraints, and who counts as a business and who as a person."""

import pytest
from django.db import IntegrityError, transaction

from leadsite.accounts.models import Membership, User
from leadsite.accounts.people.models import Role
from tests.staff import person_of


def test_somebody_works_once_for_a_business(owner):
    person = person_of(owner, "agent")
    with transaction.atomic(), pytest.raises(IntegrityError, match="memberships_unique"):
        Membership.objects.create(person=person, business=owner.user, role=Role.VIEWER)


def test_there_are_three_roles(owner):
    with transaction.atomic(), pytest.raises(IntegrityError, match="memberships_role_valid"):
        person_of(owner, "chief")


def test_the_own_business_comes_first_then_the_one_joined_first(owner, stranger):
    Membership.objects.create(person=stranger.user, business=owner.user, role=Role.AGENT)
    Membership.objects.create(person=stranger.user, business=stranger.user, role=Role.OWNER)
    assert [one.business for one in Membership.objects.of_person(stranger.id)] == [stranger.user, owner.user]


def test_nobody_works_for_a_locked_business_and_nobody_who_is_locked_works(owner, stranger):
    person = person_of(owner, "agent")
    pair = (owner.id, person.pk)
    assert Membership.objects.hold([pair, (stranger.id, person.pk)]) == {pair}
    User.objects.filter(pk=owner.id).update(is_active=False)
    assert not Membership.objects.of_person(person.pk)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert not Membership.objects.of_business(owner.id)
    assert not Membership.objects.hold([pair])
