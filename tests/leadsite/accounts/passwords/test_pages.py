"""Forgotten passwords: links by e-mail that say nothing about accounts, work once, and bypass no second factor."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob
from structlog.testing import capture_logs

from leadsite.accounts.models import LoginAttempt, Session, User
from leadsite.accounts.passwords import links
from leadsite.accounts.passwords.services import send_link
from leadsite.accounts.tasks import send_password_link
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import (
    CODE,
    LOGIN,
    PASSWORD,
    Phone,
    enter,
    enter_password,
    is_logged_in,
    with_password,
)
from tests.staff import without_nonces

FORGOTTEN, NEW, CHANGE = "/admin/password/forgotten/", "/admin/password/new/", "/admin/password_change/"
OTHER = "quite another password"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def mail_server(settings: Any) -> None:
    settings.EMAIL_URL, settings.PUBLIC_URL = "smtp+tls://mail.example", "https://leads.example.com"


@pytest.fixture
def user(owner: Business) -> User:
    return with_password(owner.user)


def ask(email: str, *, address: str = "192.0.2.1", **headers: Any) -> Any:
    return Client(REMOTE_ADDR=address, **headers).post(FORGOTTEN, {"email": email})


def work() -> int:
    """What the worker does: how many mails were sent."""
    before = len(mail.outbox)
    for job in ProcrastinateJob.objects.filter(status="todo", task_name__endswith="send_password_link"):
        send_password_link(**job.args)
    return len(mail.outbox) - before


def set_new(link: str, password: str = OTHER) -> Any:
    return Client().post(NEW, {"link": link, "password1": password, "password2": password})


def link_of(user: User) -> str:
    return links.link_for(user).partition("link=")[2]


def test_a_link_is_mailed_and_sets_a_password(user: User):
    Client().force_login(user)
    assert f'href="{FORGOTTEN}"' in Client().get(LOGIN).content.decode()
    assert Client().get(FORGOTTEN).status_code == 200
    with capture_logs() as logs:
        assert ask(f" {user.email.upper()} ").status_code == 200
        assert work() == 1
    message = mail.outbox[0]
    assert message.to == [user.email]
    (link,) = re.findall(r"https://leads\.example\.com(/admin/password/new/\?link=\S+)", str(message.body))
    page = Client().get(link)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "same-origin"
    with capture_logs() as more:
        assert "Your new password is set" in set_new(link.partition("link=")[2]).content.decode()
    events = [line["event"] for line in [*logs, *more] if line.get("security")]
    assert events == [
        "password_reset_requested",
        "password_reset_sent",
        "password_changed",
        "session_ended",
        "password_reset",
    ]
    assert link not in str([*logs, *more])
    assert not Session.objects.exists()
    user.refresh_from_db()
    assert user.check_password(OTHER)


def test_the_link_has_the_address_of_the_site_and_not_what_a_client_says(user: User, settings: Any):
    settings.ALLOWED_HOSTS = ["*"]
    ask(user.email, HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example")
    assert work() == 1
    assert "evil" not in str(mail.outbox[0].body)


def test_neither_the_answer_nor_the_work_tells_whether_there_is_an_account(user: User):
    seen = []
    ask("warm@shop.example")
    for email in (user.email, "nobody@shop.example"):
        with CaptureQueriesContext(connection) as queries:
            answer = ask(email)
        text = without_nonces(answer.content.decode()).replace(email, "E")
        statements = [re.sub(r"'[^']*'|\d+", "", query["sql"].replace(email, "E")) for query in queries]
        seen.append((answer.status_code, text, len(statements), [sql[:20] for sql in statements]))
        assert "users" not in str([query["sql"] for query in queries])
    assert seen[0] == seen[1]
    assert ProcrastinateJob.objects.count() == 3
    assert work() == 1


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"is_staff": False}, {"password": make_password(None)}],
    ids=["locked", "no staff", "none"],
)
def test_who_may_not_log_in_by_password_gets_no_link(user: User, change: dict[str, Any]):
    User.objects.filter(pk=user.pk).update(**change)
    assert not send_link(email=user.email)


def test_requests_are_limited_by_account_and_address(user: User):
    assert [ask(user.email, address=f"192.0.2.{number}").status_code for number in range(6)] == [200] * 5 + [429]
    assert ask("nobody@shop.example").status_code == 200
    answers = [ask(f"person{number}@shop.example", address="198.51.100.1").status_code for number in range(51)]
    assert answers == [200] * 50 + [429]
    assert "links to a new password for this account from all addresses" in {
        row.counted for row in LoginAttempt.objects.all()
    }
    # The login is counted apart.
    assert enter_password(Client(REMOTE_ADDR="198.51.100.1"), user).status_code == 302


@pytest.mark.parametrize("setting", ["EMAIL_URL", "PUBLIC_URL"])
def test_without_a_mail_server_or_an_address_there_is_no_such_page(user: User, settings: Any, setting: str):
    setattr(settings, setting, "")
    assert ask(user.email).headers["Location"] == LOGIN
    assert FORGOTTEN not in Client().get(LOGIN).content.decode()
    assert not ProcrastinateJob.objects.exists()
    assert not send_link(email=user.email)


def test_a_link_is_used_once(user: User):
    link = link_of(user)
    assert set_new(link).status_code == 200
    assert set_new(link, "a third password").status_code == 400
    assert Client().get(f"{NEW}?link={link}").status_code == 400


def test_of_simultaneous_uses_one_succeeds(user: User):
    link = link_of(user)

    def use(number: int) -> int:
        try:
            return int(set_new(link, f"a new password {number}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [200, 400, 400, 400]


def test_a_link_ends_after_an_hour_and_by_login_password_and_e_mail(user: User, monkeypatch: pytest.MonkeyPatch):
    for change in ({"email": "new@bakery.example"}, {"password": make_password("x")}, {"is_active": False}):
        link = link_of(user)
        before = {name: getattr(user, name) for name in change}
        User.objects.filter(pk=user.pk).update(**change)
        assert set_new(link).status_code == 400, change
        User.objects.filter(pk=user.pk).update(**before)
    link = link_of(user)
    enter_password(Client(), user)
    assert set_new(link).status_code == 400
    user.refresh_from_db()
    link = link_of(user)
    now = links._tokens._now()
    monkeypatch.setattr(links._Tokens, "_now", lambda self: now + timedelta(seconds=3601))
    assert set_new(link).status_code == 400


@pytest.mark.parametrize("link", ["", "x", "..", "\x00", "😀.😀", f"{'0' * 32}.x-y", "a" * 5000])
def test_a_made_up_link_is_refused(user: User, link: str):
    assert set_new(link).status_code == 400
    assert Client().get(NEW, {"link": link}).status_code == 400


def test_a_link_of_one_account_sets_no_password_of_another(user: User, stranger: Business):
    token = link_of(user).partition(".")[2]
    assert set_new(f"{stranger.id.hex}.{token}").status_code == 400


@pytest.mark.parametrize("password", ["short", "12345678901", "password123"])
def test_a_weak_password_is_refused_and_the_link_stays(user: User, password: str):
    link = link_of(user)
    answer = set_new(link, password)
    assert (answer.status_code, "Your new password is set" in answer.content.decode()) == (200, False)
    assert set_new(link).status_code == 200
    user.refresh_from_db()
    assert user.check_password(OTHER)


def test_a_new_password_logs_nobody_in_and_bypasses_no_second_factor(owner: Business):
    phone = Phone(owner.user)
    browser = Client()
    browser.post(NEW, {"link": link_of(phone.user), "password1": OTHER, "password2": OTHER})
    assert not is_logged_in(browser)
    answer = browser.post(LOGIN, {"username": phone.user.email, "password": OTHER})
    assert answer.headers["Location"] == CODE
    assert not is_logged_in(browser)
    assert enter(browser, phone.recovery_codes[0]).status_code == 302
    assert is_logged_in(browser)


def test_a_stolen_session_does_not_guess_the_password(user: User):
    thief = Client()
    thief.force_login(user)
    for number in range(10):
        typed = {"old_password": f"wrong {number}", "new_password1": OTHER, "new_password2": OTHER}
        assert thief.post(CHANGE, typed).status_code == 200
    right = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    assert thief.post(CHANGE, right).status_code == 429
    LoginAttempt.objects.all().delete()
    assert thief.post(CHANGE, right).status_code == 302
    assert not LoginAttempt.objects.filter(attempts__gt=0).exists()


def test_an_operator_prints_a_link(user: User, capsys: pytest.CaptureFixture[str], settings: Any):
    settings.EMAIL_URL = ""
    call_command("reset_password", "--email", user.email)
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("https://leads.example.com/admin/password/new/?link=")
    assert set_new(printed.partition("link=")[2]).status_code == 200


def test_an_operator_sets_a_password(user: User, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{OTHER}\n"))
    call_command("reset_password", "--email", user.email, "--password", "-")
    assert capsys.readouterr().out == "The password of owner@bakery.example is set, and its sessions are ended.\n"
    user.refresh_from_db()
    assert user.check_password(OTHER)
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        call_command("reset_password", "--email", user.email, "--password", "-")
    with pytest.raises(CommandError, match="no account"):
        call_command("reset_password", "--email=nobody@shop.example")
