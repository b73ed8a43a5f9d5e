"""manage.py create_person."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from leadsite.accounts.models import Invitation, Membership, User
from tests.staff import person_of

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def create(capsys, *arguments):
    call_command("create_person", "--json", "--business", "owner@bakery.example", *arguments)
    return json.loads(capsys.readouterr().out)


def test_with_a_password_somebody_can_log_in_at_once(owner, capsys):
    for role in ("agent", "viewer"):
        answer = create(
            capsys, "--email", "Nia@bakery.example", "--role", role, "--name", "Nia", "--password", PASSWORD
        )
    person = User.objects.get(email="nia@bakery.example")
    assert answer["person_id"] == str(person.pk)
    assert answer["invitation"] is None
    assert Membership.objects.get(person=person).role == "viewer"
    browser = Client()
    browser.post("/admin/login/", {"username": "nia@bakery.example", "password": PASSWORD})
    assert browser.get("/admin/leads/lead/").status_code == 200


def test_without_one_an_invitation_is_printed(owner, capsys):
    links = [create(capsys, "--email", "nia@bakery.example", "--role", "agent")["invitation"] for _ in range(2)]
    assert Invitation.objects.count() == 1
    assert [Client().get(link.removeprefix("http://127.0.0.1:8000")).status_code for link in links] == [400, 200]


def test_a_login_that_exists_joins_and_keeps_its_password(owner, stranger, capsys):
    person = person_of(stranger, "agent")
    assert create(capsys, "--email", person.email, "--role", "owner", "--password", PASSWORD)["person_id"] == str(
        person.pk
    )
    assert Membership.objects.filter(person=person).count() == 2
    assert not User.objects.get(pk=person.pk).check_password(PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--email", "nobody", "--role", "agent"], "valid email"),
        (["--email", "a@b.example", "--role", "agent", "--password", "short"], "too short"),
        (["--email", "a@b.example", "--role", "agent", "--name", "x" * 201], "at most 200"),
        (["--email", "owner@bakery.example", "--role", "agent"], "last owner"),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(owner, arguments, reason):
    Membership.objects.create(person=owner.user, business=owner.user, role="owner")
    with pytest.raises(CommandError, match=reason):
        call_command("create_person", "--business", "owner@bakery.example", *arguments)
    assert (User.objects.count(), Membership.objects.get().role) == (1, "owner")


def test_the_business_must_be_one(owner):
    agent = person_of(owner, "agent")
    for email in ("unknown@bakery.example", agent.email):
        with pytest.raises(CommandError, match="There is no business"):
            call_command("create_person", "--business", email, "--email", "a@b.example", "--role", "agent")
