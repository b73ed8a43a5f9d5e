"""Invitations from the list of people to the first page, and the switch between businesses."""

import pytest
from django.test import Client

from leads.models import Lead
from leadsite.accounts.models import Invitation, Membership, User
from tests.leadsite.accounts.people.inviting import NEW, invited, send
from tests.staff import Staff, messages_of, person_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(owner) -> Staff:
    return staff_of(owner)


def test_the_invited_sets_a_password_and_works_for_the_business(chief, owner):
    link, browser = invited(chief), Client()
    assert b"Bella&#x27;s Bakery" in browser.get(link).content
    assert send(browser, link, **NEW).url == "/admin/"
    person = User.objects.get(email="nia@bakery.example")
    assert (person.name, person.is_staff, person.check_password(NEW["password1"])) == ("Nia", True, True)
    assert [(one.business, one.role) for one in person.memberships.all()] == [(owner.user, "agent")]
    assert browser.get("/admin/leads/lead/").status_code == 200


def test_who_has_a_login_accepts_with_it(chief, owner, stranger):
    nia = person_of(stranger, "agent", "nia@bakery.example")
    link, people = invited(chief), Staff(nia)
    assert "Accept" in people.get(link).content.decode()
    assert send(people.client, link).url == "/admin/"
    assert {one.business for one in nia.memberships.all()} == {owner.user, stranger.user}
    assert "You work for Bella" in messages_of(people.client.get("/admin/", follow=True))[0]


def test_nobody_accepts_for_another_or_takes_a_login_over(chief, stranger):
    nia, other = person_of(stranger, "agent", "nia@bakery.example"), person_of(stranger, "viewer")
    link = invited(chief)
    assert send(Staff(other).client, link).status_code == 200
    answer = send(Client(), link, **NEW)
    assert "Log in with it first" in answer.content.decode()
    assert not User.objects.get(pk=nia.pk).check_password(NEW["password1"])
    assert Invitation.objects.count() == 1


def test_a_new_owner_sets_up_the_second_factor_that_owners_must_have(chief, settings):
    link, browser = invited(chief, role="owner"), Client()
    settings.STAFF_SECOND_FACTOR = "owners"
    assert send(browser, link, **NEW).url == "/admin/login/second-factor/"
    assert browser.get("/admin/leads/lead/").status_code == 302


def test_a_person_in_two_businesses_switches_in_the_sidebar(owner, stranger):
    person = person_of(owner, "agent")
    Membership.objects.create(person=person, business=stranger.user, role="viewer")
    owner.has_lead(customer_name="of the bakery")
    stranger.has_lead(customer_name="of the florist")
    people = Staff(person)
    menu = people.get("/admin/leads/lead/").content.decode()
    assert "of the bakery" in menu
    assert "of the florist" not in menu
    assert f'<button name="business" value="{stranger.id}">' in menu
    assert people.client.post("/admin/business/", {"business": str(stranger.id)})["Location"] == "/admin/"
    assert people.found(Lead) == set(Lead.objects.filter(user=stranger.user).values_list("pk", flat=True))
    for nonsense in (str(person.pk), "", "\0"):
        people.client.post("/admin/business/", {"business": nonsense})
    assert people.found(Lead) == set(Lead.objects.filter(user=stranger.user).values_list("pk", flat=True))
