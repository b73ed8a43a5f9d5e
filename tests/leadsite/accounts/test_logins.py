"""Logins with limits: who guesses waits, and nobody else does."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from structlog.testing import capture_logs

from leadsite.accounts.login_attempts import Limit, LoginAttempt
from leadsite.accounts.logins import shortened
from leadsite.accounts.models import Session, User
from leadsite.tasks import prune_logins
from tests.factories import Business
from tests.staff import address as address_of
from tests.staff import operator, staff_of, without_nonces

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "/admin/login/"
PASSWORD = "the right password"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.9"


@pytest.fixture
def staff(owner: Business) -> User:
    User.objects.filter(pk=owner.id).update(password=make_password(PASSWORD), is_staff=True)
    owner.user.refresh_from_db()
    return owner.user


@pytest.fixture
def hashed() -> Iterator[list[str]]:
    """The passwords that were hashed."""
    passwords: list[str] = []

    def verify(password: str, *arguments: Any, **options: Any) -> tuple[bool, bool]:
        passwords.append(password)
        return password == PASSWORD, False

    with patch("django.contrib.auth.hashers.verify_password", verify):
        yield passwords


def log_in(email: str, password: str, *, address: str = HERE, browser: Client | None = None) -> Any:
    return (browser or Client()).post(LOGIN, {"username": email, "password": password}, REMOTE_ADDR=address)


def guess(email: str, times: int, *, address: str = HERE) -> list[int]:
    return [log_in(email, f"wrong {number}", address=address).status_code for number in range(times)]


def test_sixty_wrong_passwords_are_not_followed_by_the_right_one(staff: User, hashed: list[str]):
    assert guess(staff.email, 60) == [200] * 10 + [429] * 50
    answer = log_in(staff.email, PASSWORD)
    assert answer.status_code == 429
    assert 800 < int(answer.headers["Retry-After"]) <= 901
    assert "in 15 minutes" in answer.content.decode()
    assert hashed == [f"wrong {number}" for number in range(10)]


def test_the_account_can_be_used_from_another_address(staff: User):
    guess(staff.email, 20)
    assert log_in(staff.email, PASSWORD, address=ELSEWHERE).status_code == 302


def test_capitals_and_blanks_are_the_same_account(staff: User):
    spellings = [staff.email.upper(), f" {staff.email} ", staff.email.title()]
    assert [log_in(spellings[n % 3], "wrong").status_code for n in range(11)] == [200] * 10 + [429]


def test_an_address_has_fifty_attempts_at_all_accounts(staff: User):
    answers = [log_in(f"person{number}@shop.example", "wrong").status_code for number in range(52)]
    assert answers == [200] * 50 + [429] * 2
    assert log_in(staff.email, PASSWORD).status_code == 429
    assert log_in(staff.email, PASSWORD, address=ELSEWHERE).status_code == 302


def test_the_addresses_of_an_ipv6_network_are_one(staff: User):
    answers = [log_in(staff.email, "wrong", address=f"2001:db8::{number}").status_code for number in range(1, 12)]
    assert answers == [200] * 10 + [429]


def test_an_account_has_a_hundred_attempts_from_all_addresses_and_its_own_browser_is_not_kept_out(staff: User):
    own = Client()
    assert log_in(staff.email, PASSWORD, browser=own).status_code == 302
    own.cookies.pop("sessionid")
    answers = [log_in(staff.email, "wrong", address=f"10.0.{number}.1").status_code for number in range(102)]
    assert answers == [200] * 100 + [429] * 2
    assert log_in(staff.email, PASSWORD, address=ELSEWHERE).status_code == 429
    assert log_in(staff.email, PASSWORD, browser=own).status_code == 302


def test_a_known_browser_has_ten_attempts_too(staff: User):
    own = Client()
    log_in(staff.email, PASSWORD, browser=own)
    own.cookies.pop("sessionid")
    answers = [log_in(staff.email, "wrong", browser=own, address=f"10.0.{n}.1").status_code for n in range(12)]
    assert answers == [200] * 10 + [429] * 2


@pytest.mark.parametrize("cookie", ["x", "a.b:c:d", ""])
def test_a_forged_browser_is_none(staff: User, cookie: str):
    forger = Client()
    forger.cookies["browser"] = cookie
    answers = [log_in(staff.email, "wrong", browser=forger).status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2


def test_the_browser_of_one_account_is_a_stranger_to_another(staff: User, stranger: Business):
    User.objects.filter(pk=stranger.id).update(password=make_password(PASSWORD), is_staff=True)
    mine = Client()
    log_in(stranger.user.email, PASSWORD, browser=mine)
    guess(staff.email, 10)
    assert log_in(staff.email, PASSWORD, browser=mine).status_code == 429


def test_logins_are_not_counted_and_end_the_count(staff: User):
    for _ in range(12):
        assert log_in(staff.email, PASSWORD).status_code == 302
    guess(staff.email, 9)
    assert log_in(staff.email, PASSWORD).status_code == 302
    assert guess(staff.email, 9) == [200] * 9


def test_the_wait_ends_after_fifteen_minutes(staff: User):
    guess(staff.email, 30)
    LoginAttempt.objects.update(until=F("until") - timedelta(minutes=15))
    assert log_in(staff.email, PASSWORD).status_code == 302


def test_refused_attempts_do_not_prolong_the_wait(staff: User):
    guess(staff.email, 10)
    before = LoginAttempt.objects.order_by("key").values_list("key", "until", "attempts")
    rows = list(before)
    guess(staff.email, 10)
    assert list(before.all()) == rows


def test_the_answers_do_not_tell_whether_there_is_an_account(staff: User):
    def seen(email: str) -> list[tuple[int, str]]:
        answers = [log_in(email, "wrong") for _ in range(11)]
        texts = [without_nonces(answer.content.decode()).replace(email, "E") for answer in answers]
        # The second account may be locked a minute later than the first.
        texts = [re.sub(r"\d\d:\d\d \(UTC\), in \d+ minutes", "later", text) for text in texts]
        assert "later" in texts[-1]
        return [
            (a.status_code, text.partition("<body")[2].partition("csrf")[0])
            for a, text in zip(answers, texts, strict=True)
        ]

    assert seen(staff.email) == seen("nobody@shop.example")


def test_of_simultaneous_attempts_no_more_are_counted_than_are_allowed():
    def add(_: int) -> bool:
        try:
            return LoginAttempt.objects.add([Limit("b", 10), Limit("a", 50)], account="", address="") is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(40))) == 10


def test_the_events_are_logged_with_address_and_without_the_e_mail(staff: User):
    with capture_logs() as logs:
        guess(staff.email, 11)
        log_in(staff.email, PASSWORD, address=ELSEWHERE)
    events = [line["event"] for line in logs if line["event"].startswith("login")]
    assert events == ["login_failed"] * 9 + ["login_locked", "login_failed", "login_throttled", "login_succeeded"]
    assert {line["client"] for line in logs if line["event"].startswith("login")} == {HERE, ELSEWHERE}
    assert staff.email not in str(logs)


@pytest.mark.parametrize(
    ("typed", "short"), [("Ana@Shop.example", "a…@shop.example"), ("my secret", "m…"), ("", "…"), ("@", "…@")]
)
def test_an_account_is_shortened(typed: str, short: str):
    assert shortened(typed) == short


def test_a_password_is_hashed_by_argon2_and_one_of_before_is_hashed_again(staff: User, settings: Any):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
    assert log_in(staff.email, PASSWORD).status_code == 302
    staff.refresh_from_db()
    assert staff.password.startswith("argon2$argon2id$v=19$m=19456,t=3,p=1$")
    assert log_in(staff.email, PASSWORD).status_code == 302


@pytest.mark.parametrize("query", ["", "?next=https://evil.example/", "?next=//evil.example", "?next=/admin/"])
def test_a_login_lands_in_the_admin(staff: User, query: str):
    answer = Client().post(f"{LOGIN}{query}", {"username": staff.email, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_who_is_logged_in_already_goes_on(staff: User):
    browser = Client()
    browser.force_login(staff)
    assert browser.get(f"{LOGIN}?next=/admin/leads/lead/").headers["Location"] == "/admin/leads/lead/"
    assert browser.get(f"{LOGIN}?next=//evil.example").headers["Location"] == "/admin/"


@pytest.mark.parametrize("which", ["--email=owner@bakery.example", f"--address={HERE}", "--all"])
def test_an_operator_ends_the_wait_by_command(staff: User, which: str, capsys: Any):
    guess(staff.email, 11)
    call_command("end_login_wait", "--email=other@shop.example")
    assert log_in(staff.email, PASSWORD).status_code == 429
    call_command("end_login_wait", which)
    assert log_in(staff.email, PASSWORD).status_code == 302
    assert capsys.readouterr().out.startswith("0 counts of failed logins forgotten.\n")


def test_an_operator_sees_and_ends_the_wait_in_the_admin(staff: User):
    guess(staff.email, 11)
    person = operator()
    page = person.list(LoginAttempt)
    assert "o…@bakery.example" in page
    assert "10 of 10" in page
    assert "this account from this address" in page
    (row,) = LoginAttempt.objects.filter(allowed=10)
    assert person.client.post(address_of("delete", row), {"post": "yes"}).status_code == 302
    assert log_in(staff.email, PASSWORD).status_code == 302


def test_staff_do_not_see_failed_logins(owner: Business):
    assert staff_of(owner).get(address_of("changelist", LoginAttempt)).status_code == 403


def test_old_failures_and_sessions_are_deleted(staff: User):
    guess(staff.email, 2)
    Client().force_login(staff)
    prune_logins(0)
    assert (LoginAttempt.objects.count(), Session.objects.count()) == (3, 1)
    LoginAttempt.objects.update(until=F("until") - timedelta(minutes=16))
    Session.objects.update(expire_date=F("expire_date") - timedelta(hours=13))
    prune_logins(0)
    assert (LoginAttempt.objects.count(), Session.objects.count()) == (0, 0)
