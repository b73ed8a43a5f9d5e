"""Businesses, groups and API keys in the admin, and the permissions for them."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from leadsite.accounts.models import User
from leadsite.accounts.services import STAFF_GROUP, create_business
from tests.factories import Business
from tests.staff import Staff, address, errors_of, operator, staff_of

PASSWORD = "correct horse battery"
NEW_USER = {"email": "New@Bakery.Example", "business_name": "New", "password1": PASSWORD, "password2": PASSWORD}


def logs_in(email: str, password: str) -> bool:
    response = Client().post(reverse("admin:login"), {"username": email, "password": password})
    return response.status_code == 302


def answers_to(key: str) -> int:
    return Client().get("/api/leads", headers={"authorization": f"Bearer {key}"}).status_code


def test_a_new_business_gets_a_login_in_lower_case(db):
    operator().fill(address("add", User), **NEW_USER)

    user = User.objects.get(business_name="New")
    assert user.email == "new@bakery.example"
    assert user.check_password(PASSWORD)
    assert not user.is_staff


def test_a_business_that_only_sends_leads_needs_no_password(db):
    fields = {"email": "api@bakery.example", "usable_password": "false"}
    assert operator().fill(address("add", User), **fields).status_code == 302
    assert not User.objects.get(email="api@bakery.example").has_usable_password()


@pytest.mark.parametrize(
    ("typed", "field", "error"),
    [
        ({"email": "OWNER@bakery.example"}, "email", "This e-mail has an account."),
        ({"email": "nobody"}, "email", "Enter a valid email address."),
        ({"password2": "another"}, "password2", "The two password fields didn’t match."),
        ({"password1": "short", "password2": "short"}, "password2", "This password is too short."),
    ],
)
def test_an_invalid_login_is_an_error_in_the_form(owner, typed, field, error):
    problem = errors_of(operator().fill(address("add", User), **{**NEW_USER, **typed}))[field][0]
    assert problem.startswith(error)
    assert not User.objects.filter(business_name="New").exists()


def test_an_email_changed_to_anothers_is_an_error_in_the_form(owner, stranger):
    response = operator().fill(address("change", owner.user), email="Stranger@Florist.example")
    assert errors_of(response) == {"email": ["This e-mail has an account."]}


def test_a_password_is_changed_and_never_shown(owner):
    person = operator()
    person.fill(reverse("admin:auth_user_password_change", args=[owner.id]), password1=PASSWORD, password2=PASSWORD)
    assert person.fill(address("change", owner.user), is_staff="on").status_code == 302

    assert logs_in("Owner@Bakery.example", PASSWORD)
    stored = User.objects.get(pk=owner.id).password
    assert stored.rpartition("$")[2] not in person.get(address("change", owner.user)).content.decode()


def test_staff_change_their_own_password(owner):
    create_business(email=owner.user.email, password=PASSWORD)
    people = staff_of(owner)
    new = "another horse battery"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}

    assert people.get(reverse("admin:password_change")).status_code == 200
    assert people.client.post(reverse("admin:password_change"), form).status_code == 302
    assert people.get(reverse("admin:password_change_done")).status_code == 200
    assert logs_in(owner.user.email, new)


def test_a_wrong_password_or_a_business_without_admin_access_cannot_log_in(owner):
    create_business(email=owner.user.email, password=PASSWORD)
    assert not logs_in(owner.user.email, PASSWORD)
    staff_of(owner)
    assert not logs_in(owner.user.email, "wrong")
    assert logs_in(owner.user.email, PASSWORD)


def test_a_login_that_gets_access_to_the_admin_owns_its_business(owner):
    person = operator()
    person.fill(address("change", owner.user), is_staff="on")
    assert [(one.business, one.role) for one in owner.user.memberships.all()] == [(owner.user, "owner")]
    assert Staff(User.objects.get(pk=owner.id)).get("/admin/leads/lead/").status_code == 200


def test_an_outdated_form_does_not_unlock_a_locked_business(owner):
    person = operator()
    old = person.form(address("change", owner.user))
    person.fill(address("change", owner.user), is_active=None)

    person.send(address("change", owner.user), old, business_name="Bella & Co")

    user = User.objects.get(pk=owner.id)
    assert (user.is_active, user.business_name) == (False, "Bella & Co")


def test_businesses_and_groups_are_for_superusers_whatever_permissions_a_group_has(owner):
    people = staff_of(owner)
    group = Group.objects.get(name=STAFF_GROUP)
    group.permissions.set(Permission.objects.all())

    for row in (owner.user, group):
        paths = [address(page, type(row)) for page in ("changelist", "add")]
        paths += [address(page, row) for page in ("change", "history", "delete")]
        for path in paths:
            assert people.get(path).status_code == 403
            assert people.send(path, {}, is_superuser="on").status_code in {403, 405}
    assert people.get(reverse("admin:auth_user_password_change", args=[owner.id])).status_code == 403
    assert not User.objects.get(pk=owner.id).is_superuser


def test_a_business_can_be_locked_but_not_deleted(owner):
    assert operator().get(address("delete", owner.user)).status_code == 403


def test_a_group_stores_the_selected_permissions(owner):
    person = operator()
    wanted = Permission.objects.get(codename="view_lead")

    person.fill(address("add", Group), name="Readers", permissions=[str(wanted.pk)])

    group = Group.objects.get(name="Readers")
    assert list(group.permissions.all()) == [wanted]
    assert person.send(address("delete", group), {}, post="yes").status_code == 302
    assert not Group.objects.filter(name="Readers").exists()


def test_a_locked_business_loses_access_at_once(owner: Business):
    people = staff_of(owner)
    assert people.get(reverse("overview")).status_code == 200
    operator().fill(address("change", owner.user), is_active=None)
    assert people.get(reverse("overview")).status_code == 302
    assert answers_to(owner.api_key) == 401
