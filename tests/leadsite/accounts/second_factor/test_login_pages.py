"""Logins with a second step: nothing opens before it, and no code opens twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from structlog.testing import capture_logs

from leadsite.accounts.models import LoginAttempt, RecoveryCode, SecondFactor, Session, User
from leadsite.accounts.second_factor import login_steps, services
from leadsite.core import clock
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import (
    ACCOUNT,
    ADMIN,
    CODE,
    LOGIN,
    PASSWORD,
    SET_UP,
    Phone,
    code_of,
    enter,
    enter_password,
    is_logged_in,
    stop_clock,
    with_password,
    wrong,
)
from tests.staff import staff_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


@pytest.fixture
def phone(owner: Business) -> Phone:
    return Phone(owner.user)


def test_the_code_ends_the_login_where_it_was_going(phone: Phone):
    browser = phone.password_entered(next_page=ADMIN)
    page = browser.get(CODE)
    assert (page.status_code, 'autocomplete="one-time-code"' in page.content.decode()) == (200, True)
    with capture_logs() as logs:
        answer = enter(browser, f"{phone.code()[:3]} {phone.code()[3:]}")
    assert answer.headers["Location"] == ADMIN
    assert is_logged_in(browser)
    (line,) = [line for line in logs if line["event"] == "login_succeeded"]
    assert (line["second_step"], line["client"]) == ("code", "192.0.2.1")


@pytest.mark.parametrize(
    "path", ["/admin/", ADMIN, ACCOUNT, "/admin/account/second-factor/", "/admin/password_change/", SET_UP]
)
def test_the_password_alone_opens_nothing(phone: Phone, path: str):
    browser = phone.password_entered()
    for method in (browser.get, browser.post):
        assert method(path).headers["Location"].startswith(LOGIN)
    assert browser.get("/api/leads").status_code == 401
    assert not Session.objects.filter(user__isnull=False).exists()
    assert "browser" not in browser.cookies


def test_a_session_without_the_second_step_is_of_nobody(phone: Phone):
    """However it came about: also one that has begun before the second factor was turned on."""
    browser = Client()
    browser.force_login(phone.user)
    assert not is_logged_in(browser)
    assert browser.post("/admin/account/second-factor/off/", {"proof": PASSWORD}).headers["Location"].startswith(LOGIN)
    assert SecondFactor.objects.exists()


def test_a_session_with_the_second_factor_of_before_is_of_nobody(phone: Phone):
    browser = phone.logged_in()
    assert is_logged_in(browser)
    User.objects.filter(pk=phone.user.pk).update(second_factor_at=clock.now() + timedelta(seconds=1))
    assert not is_logged_in(browser)


def test_a_wrong_code_is_refused(phone: Phone):
    browser = phone.password_entered()
    with capture_logs() as logs:
        answer = enter(browser, wrong(phone.secret))
    assert (answer.status_code, "This code is not right" in answer.content.decode()) == (200, True)
    assert not is_logged_in(browser)
    (line,) = [line for line in logs if line["event"] == "second_factor_refused"]
    assert (line["subject"], line["client"]) == ("o…@bakery.example", "192.0.2.1")
    assert wrong(phone.secret) not in str(logs)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "\x00", "😀" * 40, "１２３４５６", "-1", "a" * 5000, "null"])
def test_what_is_no_code_is_refused(phone: Phone, typed: str):
    assert enter(phone.password_entered(), typed).status_code == 200


@pytest.mark.parametrize(("later", "right"), [(-2, False), (-1, False), (0, True), (1, True), (2, False), (3, False)])
def test_a_code_is_right_half_a_minute_before_and_after_its_time(phone: Phone, later: int, right: bool):
    """-1 was used when the second factor was turned on."""
    assert (enter(phone.password_entered(), phone.code(later)).status_code == 302) is right


def test_a_code_is_accepted_once(phone: Phone):
    code = phone.code()
    assert enter(phone.password_entered(), code).status_code == 302
    assert enter(phone.password_entered(), code).status_code == 200
    # Nor one of before it.
    assert enter(phone.password_entered(), phone.code(1)).status_code == 302
    assert enter(phone.password_entered(), code).status_code == 200


@pytest.mark.parametrize("which", ["app", "recovery"])
def test_of_simultaneous_logins_with_the_same_code_one_succeeds(phone: Phone, which: str):
    code = phone.code() if which == "app" else phone.recovery_codes[0]
    browsers = [phone.password_entered(address=f"192.0.2.{number}") for number in range(6)]

    def log_in(browser: Client) -> int:
        try:
            return int(enter(browser, code).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(log_in, browsers)) == [200] * 5 + [302]
    assert sum(is_logged_in(browser) for browser in browsers) == 1


def test_a_recovery_code_is_used_once(phone: Phone):
    code = phone.recovery_codes[0]
    assert len(set(phone.recovery_codes)) == 10
    with capture_logs() as logs:
        assert enter(phone.password_entered(), code.upper().replace("-", " ")).status_code == 302
    assert [line["left"] for line in logs if line["event"] == "recovery_code_used"] == [9]
    assert enter(phone.password_entered(), code).status_code == 200
    assert enter(phone.password_entered(), phone.recovery_codes[1]).status_code == 302
    assert RecoveryCode.objects.count() == 8


def test_recovery_codes_of_somebody_else_are_wrong(phone: Phone, stranger: Business):
    other = Phone(stranger.user)
    assert enter(phone.password_entered(), other.recovery_codes[0]).status_code == 200
    assert enter(phone.password_entered(), other.code()).status_code == 200


def test_secrets_are_encrypted_and_recovery_codes_hashed(phone: Phone):
    rows = str(list(SecondFactor.objects.values())) + str(list(RecoveryCode.objects.values()))
    assert phone.secret not in rows
    assert not [code for code in phone.recovery_codes if code in rows or code.replace("-", "") in rows]


def test_sixty_wrong_codes_are_not_followed_by_the_right_one(phone: Phone):
    answers = [enter(phone.password_entered(), wrong(phone.secret)).status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2
    answer = enter(phone.password_entered(), phone.code())
    assert answer.status_code == 429
    assert 800 < int(answer.headers["Retry-After"]) < 990
    # The password does not give attempts at codes back, and another address has its own.
    assert enter(phone.password_entered(address="198.51.100.9"), phone.code()).status_code == 302
    assert "codes for this account from this address" in {row.counted for row in LoginAttempt.objects.all()}


def test_an_account_has_thirty_wrong_codes_from_all_addresses(phone: Phone):
    def answer(number: int, code: str) -> int:
        return int(enter(phone.password_entered(address=f"10.0.{number}.1"), code).status_code)

    assert [answer(number, wrong(phone.secret)) for number in range(31)] == [200] * 30 + [429]
    assert answer(31, phone.code()) == 429


def test_the_browser_of_the_owner_is_not_kept_out(phone: Phone):
    own = phone.logged_in()
    own.cookies.pop("sessionid")
    for number in range(31):
        enter(phone.password_entered(address=f"10.0.{number}.1"), wrong(phone.secret))
    assert enter_password(own, phone.user).status_code == 302
    assert enter(own, phone.code()).status_code == 302


def test_a_login_is_given_back(phone: Phone):
    browser = phone.password_entered()
    for _ in range(9):
        enter(browser, wrong(phone.secret))
    assert enter(browser, phone.code()).status_code == 302
    assert not [row for row in LoginAttempt.objects.all() if row.attempts > 9]
    browser = phone.password_entered()
    assert [enter(browser, wrong(phone.secret)).status_code for _ in range(9)] == [200] * 9


def test_there_are_ten_minutes_between_password_and_code(phone: Phone, monkeypatch: pytest.MonkeyPatch):
    browser = phone.password_entered()
    monkeypatch.setattr(login_steps, "SECONDS", -1)
    assert enter(browser, phone.code()).headers["Location"] == LOGIN
    assert not is_logged_in(browser)


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"is_staff": False}, {"password": "x"}, {"second_factor_at": None}]
)
def test_a_login_that_has_begun_ends_where_the_account_changes(phone: Phone, change: dict[str, Any]):
    browser = phone.password_entered()
    User.objects.filter(pk=phone.user.pk).update(**change)
    assert enter(browser, phone.code()).headers["Location"] == LOGIN
    assert not is_logged_in(browser)


def test_the_keys_of_sessions_change_at_each_step(phone: Phone, stranger: Business):
    browser = Client()
    browser.force_login(with_password(stranger.user))
    planted = browser.cookies["sessionid"].value
    enter_password(browser, phone.user)
    between = browser.cookies["sessionid"].value
    assert enter(browser, phone.code()).status_code == 302
    after = browser.cookies["sessionid"].value
    assert len({planted, between, after}) == 3
    assert Session.objects.count() == 1
    for old in (planted, between):
        thief = Client()
        thief.cookies["sessionid"] = old
        assert not is_logged_in(thief)
        assert thief.get(CODE).headers["Location"] == LOGIN


def test_a_login_again_has_a_new_key(owner: Business):
    browser, user = Client(), with_password(owner.user)
    keys = set()
    for _ in range(2):
        enter_password(browser, user)
        keys.add(browser.cookies["sessionid"].value)
    assert len(keys) == 2
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_login_never_leads_elsewhere(phone: Phone, next_page: str):
    browser = phone.password_entered(next_page=next_page)
    assert browser.post(f"{CODE}?next={next_page}", {"code": phone.code()}).headers["Location"] == "/admin/"


def test_api_keys_need_no_second_factor(phone: Phone, owner: Business, settings: Any):
    settings.STAFF_SECOND_FACTOR = "all"
    assert owner.client.get("/api/leads").status_code == 200


@pytest.mark.parametrize("required", ["owners", "all"])
def test_who_must_have_one_sets_it_up_at_the_login(owner: Business, settings: Any, required: str):
    settings.STAFF_SECOND_FACTOR = required
    staff_of(owner)
    browser, user = Client(), with_password(owner.user)
    assert enter_password(browser, user, ADMIN).headers["Location"] == SET_UP
    assert not is_logged_in(browser)
    assert browser.get(CODE).headers["Location"] == LOGIN
    page = browser.get(SET_UP).content.decode()
    assert "<svg" in page
    secret = page.partition('select-all">')[2].partition("<")[0].replace(" ", "")
    assert browser.post(SET_UP, {"code": wrong(secret)}).status_code == 200
    assert not is_logged_in(browser)
    assert secret in browser.get(SET_UP).content.decode().replace(" ", "")
    shown = browser.post(SET_UP, {"code": code_of(secret)})
    assert shown.content.decode().count("<li><code>") == 10
    assert f'href="{ADMIN}"' in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert is_logged_in(browser)
    # The code of the set-up is used.
    again = Client()
    enter_password(again, user)
    assert enter(again, code_of(secret)).status_code == 200
    assert enter(again, code_of(secret, later=1)).status_code == 302


def test_a_session_without_ends_where_one_becomes_required(owner: Business, settings: Any):
    browser = Client()
    browser.force_login(with_password(owner.user))
    assert is_logged_in(browser)
    settings.STAFF_SECOND_FACTOR = "all"
    assert browser.get(ADMIN).headers["Location"] == f"{LOGIN}?next={ADMIN}"


def test_somebody_who_has_one_is_not_led_to_set_up_another(phone: Phone, settings: Any):
    settings.STAFF_SECOND_FACTOR = "all"
    browser = phone.password_entered()
    assert browser.get(SET_UP).headers["Location"] == LOGIN


def test_of_two_that_set_one_up_the_first_stays(owner: Business, settings: Any):
    """Who has the password only must not replace what the owner sets up at the same moment."""
    settings.STAFF_SECOND_FACTOR = "all"
    phone = Phone(owner.user)
    with pytest.raises(services.AlreadyOn):
        services.turn_on(user=phone.user, secret=phone.secret, code=phone.code(), may_replace=False)


def test_without_keys_recovery_codes_still_work(phone: Phone, settings: Any):
    settings.FIELD_ENCRYPTION_KEYS = []
    assert enter(phone.password_entered(), phone.code()).status_code == 503
    assert enter(phone.password_entered(), phone.recovery_codes[0]).status_code == 302


def test_a_code_is_measured_by_the_databases_clock(phone: Phone, monkeypatch: pytest.MonkeyPatch):
    now, code = clock.now(), phone.code()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1))
    assert enter(phone.password_entered(), code).status_code == 200
