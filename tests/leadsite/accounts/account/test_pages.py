"""The page of a person's own account: sessions are listed and ended, and nobody else's."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.test import Client
from structlog.testing import capture_logs

from leadsite.accounts.models import Session, User
from leadsite.accounts.sessions.store import hashed
from tests.factories import Business
from tests.staff import Staff, operator, staff_of

ACCOUNT, END, CHANGE = "/admin/account/", "/admin/account/sessions/end/", "/admin/password_change/"
PASSWORD, OTHER = "the right password", "another long password"


def another(person: Staff, browser: str, address: str = "192.0.2.9") -> Staff:
    """The same person in another browser."""
    again = Staff(User.objects.get(pk=person.client.session["_auth_user_id"]))
    again.client.defaults |= {"REMOTE_ADDR": address, "HTTP_USER_AGENT": browser}
    Session.objects.filter(pk=key_of(again)).update(browser=browser, address=address)
    return again


def key_of(person: Staff) -> str:
    return hashed(person.client.cookies["sessionid"].value)


def is_logged_in(person: Staff) -> bool:
    return bool(person.get(ACCOUNT).status_code == 200)


@pytest.fixture
def person(owner: Business) -> Staff:
    person = staff_of(owner)
    User.objects.filter(pk=owner.id).update(password=make_password(PASSWORD))
    person.client.force_login(User.objects.get(pk=owner.id))
    return person


def test_the_sessions_are_listed_and_this_one_is_marked(person: Staff, stranger: Business):
    another(person, "Chrome/142.0 <script>Android", "2001:db8::7")
    staff_of(stranger)
    page = person.get(ACCOUNT).content.decode()
    assert "Chrome on Android" in page
    assert "2001:db8::7" in page
    assert "<script>Android" not in page
    assert page.count("This session") == 1
    assert page.count('name="session"') == 2  # one other, and all others
    assert person.client.cookies["sessionid"].value not in page


def test_one_session_is_ended(person: Staff):
    lost, kept = another(person, "Firefox/145.0"), another(person, "Safari/604")
    with capture_logs() as logs:
        answer = person.send(END, {"session": key_of(lost)})
    assert answer.headers["Location"] == ACCOUNT
    assert [is_logged_in(one) for one in (person, lost, kept)] == [True, False, True]
    (line,) = [line for line in logs if line["event"] == "session_ended"]
    assert (line["client"], line["browser"], line["reason"]) == ("192.0.2.9", "Firefox", "ended by the user")


def test_all_others_are_ended(person: Staff, stranger: Business):
    others, foreign = [another(person, "Firefox/1"), another(person, "Chrome/1")], staff_of(stranger)
    person.send(END, {"session": "others"})
    assert [is_logged_in(one) for one in (person, *others, foreign)] == [True, False, False, True]


@pytest.mark.parametrize("key", ["", "x", "\x00", "😀" * 100])
def test_a_session_that_is_not_there_ends_nothing(person: Staff, key: str):
    assert person.send(END, {"session": key}).status_code == 302
    assert is_logged_in(person)


def test_the_session_of_somebody_else_is_not_ended(person: Staff, stranger: Business):
    other = staff_of(stranger)
    person.send(END, {"session": key_of(other)})
    assert is_logged_in(other)


def test_the_page_needs_a_login_and_a_button(owner: Business, person: Staff):
    assert Client().get(ACCOUNT).headers["Location"] == f"/admin/login/?next={ACCOUNT}"
    assert Client().post(END, {"session": "others"}).status_code == 302
    assert person.get(END).status_code == 405


def test_every_page_links_to_it(person: Staff):
    assert f'href="{ACCOUNT}"' in person.get("/admin/overview/").content.decode()


def test_a_new_password_ends_the_other_sessions(person: Staff):
    other = another(person, "Firefox/1")
    typed = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    with capture_logs() as logs:
        assert person.send(CHANGE, typed).status_code == 302
    assert [is_logged_in(one) for one in (person, other)] == [True, False]
    assert Session.objects.count() == 1
    assert {"password_changed", "session_ended"} <= {line["event"] for line in logs}


def by_command(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: OTHER)
    call_command("changepassword", user.email)


def by_an_operator(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}
    assert operator().send(f"/admin/accounts/user/{user.pk}/password/", typed).status_code == 302


def taken_by_an_operator(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        operator()
        .send(f"/admin/accounts/user/{user.pk}/password/", {"usable_password": "false", "unset-password": "1"})
        .status_code
        == 302
    )


@pytest.mark.parametrize("change", [by_command, by_an_operator, taken_by_an_operator])
def test_a_password_that_an_operator_sets_ends_all_sessions(
    person: Staff, owner: Business, change: Any, monkeypatch: pytest.MonkeyPatch
):
    change(User.objects.get(pk=owner.id), monkeypatch)
    assert not Session.objects.filter(user=owner.id).exists()
    assert not is_logged_in(person)


def test_a_locked_business_is_logged_out(person: Staff, owner: Business):
    User.objects.filter(pk=owner.id).update(is_active=False)
    assert not is_logged_in(person)
