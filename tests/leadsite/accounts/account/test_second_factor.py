"""The second factor in the page of a person's own account."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from structlog.testing import capture_logs

from leadsite.accounts.models import RecoveryCode, SecondFactor, Session, User
from leadsite.accounts.second_factor.services import accept_code
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import (
    ACCOUNT,
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

PAGE, OFF, NEW_CODES = (f"/admin/account/second-factor/{name}" for name in ("", "off/", "codes/"))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def shown_secret(browser: Client, page: str = PAGE) -> str:
    return browser.get(page).content.decode().partition('select-all">')[2].partition("<")[0].replace(" ", "")


@pytest.fixture
def browser(owner: Business) -> Client:
    browser = Client()
    enter_password(browser, with_password(owner.user))
    return browser


def test_it_is_set_up_by_password_and_code(browser: Client, owner: Business):
    other = Client()
    other.force_login(owner.user)
    secret, key = shown_secret(browser), browser.cookies["sessionid"].value
    assert len(secret) == 32
    page = browser.get(PAGE).content.decode()
    assert "<svg" in page
    assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]
    with capture_logs() as logs:
        answer = browser.post(PAGE, {"code": code_of(secret), "password": PASSWORD})
    assert answer.content.decode().count("<li><code>") == 10
    assert "second_factor_enabled" in {line["event"] for line in logs}
    assert secret not in str(logs)
    assert browser.cookies["sessionid"].value != key
    assert is_logged_in(browser)
    assert not is_logged_in(other)
    assert "10 recovery codes left" in browser.get(ACCOUNT).content.decode()
    assert enter_password(Client(), owner.user).headers["Location"] == CODE


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_stolen_session_does_not_set_one_up(browser: Client, password: str):
    secret = shown_secret(browser)
    assert browser.post(PAGE, {"code": code_of(secret), "password": password}).status_code == 200
    assert not SecondFactor.objects.exists()


def test_a_wrong_code_keeps_the_qr_code(browser: Client):
    secret = shown_secret(browser)
    answer = browser.post(PAGE, {"code": wrong(secret), "password": PASSWORD})
    assert "This code is not right" in answer.content.decode()
    assert shown_secret(browser) == secret
    assert not SecondFactor.objects.exists()


def test_another_phone_replaces_the_one_of_before(owner: Business):
    phone = Phone(owner.user)
    browser = phone.logged_in()
    secret = shown_secret(browser)
    browser.post(PAGE, {"code": code_of(secret), "password": PASSWORD})
    assert is_logged_in(browser)
    assert not accept_code(user=owner.user, typed=phone.code())
    assert not accept_code(user=owner.user, typed=phone.recovery_codes[0])
    assert accept_code(user=owner.user, typed=code_of(secret, later=1))


@pytest.mark.parametrize("proof", ["password", "code", "recovery code"])
def test_it_is_turned_off_by_password_or_code(owner: Business, proof: str):
    phone = Phone(owner.user)
    browser, other = phone.logged_in(), phone.logged_in()
    typed = {"password": PASSWORD, "code": phone.code(), "recovery code": phone.recovery_codes[0]}[proof]
    with capture_logs() as logs:
        assert browser.post(OFF, {"proof": typed}).headers["Location"] == ACCOUNT
    (line,) = [line for line in logs if line["event"] == "second_factor_disabled"]
    assert line["reason"] == "turned off by the user"
    assert is_logged_in(browser)
    assert not is_logged_in(other)
    assert not RecoveryCode.objects.exists()
    assert enter_password(Client(), owner.user).headers["Location"] == "/admin/"


@pytest.mark.parametrize("page", [OFF, NEW_CODES])
@pytest.mark.parametrize("proof", [None, "", "wrong", "000000", "\x00"])
def test_without_proof_nothing_changes(owner: Business, page: str, proof: str | None):
    phone = Phone(owner.user)
    browser, before = phone.logged_in(), set(RecoveryCode.objects.values_list("digest", flat=True))
    typed = wrong(phone.secret) if proof == "000000" else proof
    assert browser.post(page, {} if typed is None else {"proof": typed}).headers["Location"] == ACCOUNT
    assert browser.get(page).headers["Location"] == ACCOUNT
    assert set(RecoveryCode.objects.values_list("digest", flat=True)) == before
    assert SecondFactor.objects.exists()


def test_proofs_are_limited(owner: Business):
    phone = Phone(owner.user)
    browser = phone.logged_in()
    browser.cookies.pop("browser")
    answers = [browser.post(OFF, {"proof": f"wrong {number}"}).status_code for number in range(11)]
    assert answers == [302] * 10 + [429]
    assert browser.post(OFF, {"proof": PASSWORD}).status_code == 429
    assert browser.post(PAGE, {"code": "123456", "password": PASSWORD}).status_code == 429
    assert SecondFactor.objects.exists()


def test_new_recovery_codes_replace_those_of_before(owner: Business):
    phone = Phone(owner.user)
    browser = phone.logged_in()
    page = browser.post(NEW_CODES, {"proof": PASSWORD}).content.decode()
    new = [part.partition("</code>")[0] for part in page.split("<li><code>")[1:]]
    assert len(new) == 10
    assert enter(phone.password_entered(), phone.recovery_codes[0]).status_code == 200
    assert enter(phone.password_entered(), new[0]).status_code == 302


def test_where_one_is_required_another_is_set_up_after_it_is_turned_off(owner: Business, settings: Any):
    settings.STAFF_SECOND_FACTOR = "all"
    browser = Phone(owner.user).logged_in()
    assert "This site requires one" in browser.get(ACCOUNT).content.decode()
    browser.post(OFF, {"proof": PASSWORD})
    assert browser.get(ACCOUNT).headers["Location"] == f"{LOGIN}?next={ACCOUNT}"
    assert enter_password(browser, owner.user).headers["Location"] == SET_UP


def test_without_keys_the_page_says_so(browser: Client, settings: Any):
    settings.FIELD_ENCRYPTION_KEYS = []
    assert browser.get(PAGE).headers["Location"] == ACCOUNT
    assert "must set FIELD_ENCRYPTION_KEYS" in browser.get(ACCOUNT).content.decode()


def test_the_command_turns_it_off(owner: Business, capsys: pytest.CaptureFixture[str]):
    phone = Phone(owner.user)
    browser = phone.logged_in()
    with capture_logs() as logs:
        call_command("reset_second_factor", "--email= Owner@Bakery.example")
    assert capsys.readouterr().out == "The second factor of owner@bakery.example is off, and its sessions are ended.\n"
    assert [line["reason"] for line in logs if line["event"] == "second_factor_disabled"] == ["reset by command"]
    assert not is_logged_in(browser)
    assert not Session.objects.filter(user=owner.id).exists()
    assert User.objects.get(pk=owner.id).second_factor_at is None
    assert enter_password(Client(), owner.user).headers["Location"] == "/admin/"
    call_command("reset_second_factor", "--email=owner@bakery.example")
    assert capsys.readouterr().out == "owner@bakery.example had no second factor. Nothing was changed.\n"
    with pytest.raises(CommandError, match="There is no account with the e-mail nobody@"):
        call_command("reset_second_factor", "--email=nobody@bakery.example")


def test_secrets_are_encrypted_again_with_a_new_key(owner: Business, settings: Any, capsys: pytest.CaptureFixture[str]):
    phone = Phone(owner.user)
    settings.FIELD_ENCRYPTION_KEYS = ["a new key of the site", *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_tokens")
    assert "and 1 second factor encrypted" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert accept_code(user=owner.user, typed=phone.code())
