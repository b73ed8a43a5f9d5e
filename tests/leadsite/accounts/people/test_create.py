"""People without the pages: create_person and the demo."""

import pytest

from leadsite.accounts.models import Invitation
from leadsite.accounts.people.create import PersonInvalid, create_person, invite
from leadsite.accounts.people.invitations import InvitationRefused
from tests.staff import person_of

pytestmark = pytest.mark.django_db


def test_an_invitation_again_has_the_new_role_and_a_new_link(owner):
    first = invite(email="Nia@bakery.example", business=owner.user, role="agent")
    second = invite(email="nia@bakery.example", business=owner.user, role="viewer")
    assert (first.pk, Invitation.objects.get().role) == (second.pk, "viewer")
    assert first.nonce != second.nonce


def test_who_works_there_is_not_invited_and_gets_the_role_and_the_name(owner):
    person = person_of(owner, "agent")
    with pytest.raises(InvitationRefused, match="already"):
        invite(email=person.email, business=owner.user, role="viewer")
    changed = create_person(email=person.email, business=owner.user, role="viewer", name="Nia")
    assert changed == person
    assert changed is not None
    assert (changed.name, person.memberships.get().role) == ("Nia", "viewer")


def test_without_a_password_there_is_no_login_and_an_invalid_one_is_named(owner):
    assert create_person(email="nia@bakery.example", business=owner.user, role="agent") is None
    with pytest.raises(PersonInvalid, match="valid email"):
        invite(email="nia", business=owner.user, role="agent")
