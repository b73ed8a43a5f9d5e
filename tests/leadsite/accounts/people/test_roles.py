"""Roles as permissions."""

import pytest
from django.contrib.auth.models import Group, Permission

from leadsite.accounts.models import User
from leadsite.accounts.people.models import Role
from leadsite.accounts.people.roles import PERMISSIONS, permissions_of
from tests.cases import each_case
from tests.staff import person_of


def test_each_permission_exists(db):
    known = {f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")}
    assert frozenset().union(*PERMISSIONS.values()) <= known


def test_each_role_may_do_what_the_one_below_may():
    viewer, agent, owner = (permissions_of(role) for role in (Role.VIEWER, Role.AGENT, Role.OWNER))
    assert viewer < agent < owner
    assert not permissions_of("")
    assert "leads.view_lead" in viewer
    assert {name.partition(".")[2].partition("_")[0] for name in viewer} == {"view"}


@each_case("role", ["agent", "viewer"])
def test_groups_and_permissions_count_for_owners_only(owner, role):
    group = Group.objects.create(name="Keys and more")
    group.permissions.set(Permission.objects.filter(codename__in=["view_apikey", "view_webhookdelivery"]))
    person, chief = person_of(owner, role), person_of(owner, "owner")
    for one in (person, chief):
        one.groups.add(group)
        one.user_permissions.set(Permission.objects.filter(codename="add_customer"))
    assert chief.has_perms(["whatsapp.view_webhookdelivery", "conversations.add_customer"])
    chief.groups.clear()
    assert User.objects.get(pk=chief.pk).get_all_permissions() == {"conversations.add_customer"}
    assert User.objects.get(pk=person.pk).get_all_permissions() == permissions_of(role)


@pytest.mark.django_db
def test_who_is_locked_may_do_nothing(owner):
    person = person_of(owner, "owner")
    person.is_active = False
    assert not person.has_perm("leads.view_lead")
