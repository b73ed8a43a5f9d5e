"""A person with an authenticator app on a phone."""

from base64 import b32decode
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django_otp.oath import TOTP

from leadsite.accounts.models import User
from leadsite.accounts.second_factor import codes
from leadsite.accounts.second_factor.services import turn_on
from leadsite.core import clock

LOGIN, CODE, SET_UP = "/admin/login/", "/admin/login/code/", "/admin/login/second-factor/"
ACCOUNT, ADMIN = "/admin/account/", "/admin/leads/lead/"
PASSWORD = "the right password"


def code_of(secret: str, *, later: int = 0) -> str:
    """What the app shows, or will show in so many half minutes."""
    app = TOTP(b32decode(secret), drift=later)
    app.time = clock.now().timestamp()
    return f"{app.token():06}"


def wrong(secret: str) -> str:
    """A code that the app does not show around now."""
    shown = {code_of(secret, later=steps) for steps in range(-2, 4)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666") if code not in shown
    )


def with_password(user: User) -> User:
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD), is_staff=True)
    user.refresh_from_db()
    return user


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No half minute ends between a code and its use."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)


class Phone:
    """Somebody whose second factor is on."""

    def __init__(self, user: User) -> None:
        self.user = with_password(user)
        self.secret = codes.new_secret()
        # With the code of half a minute ago, so that the present one is not used yet.
        before = code_of(self.secret, later=-1)
        self.recovery_codes = turn_on(user=user, secret=self.secret, code=before, may_replace=True)
        user.refresh_from_db()

    def code(self, later: int = 0) -> str:
        return code_of(self.secret, later=later)

    def password_entered(self, *, address: str = "192.0.2.1", next_page: str = "") -> Client:
        """A browser in which the password was right."""
        browser = Client(REMOTE_ADDR=address)
        answer = enter_password(browser, self.user, next_page)
        assert answer.headers["Location"] == CODE
        return browser

    def logged_in(self) -> Client:
        browser = self.password_entered()
        assert enter(browser, self.recovery_codes.pop()).status_code == 302
        return browser


def enter_password(browser: Client, user: User, next_page: str = "") -> Any:
    query = f"?next={next_page}" if next_page else ""
    return browser.post(f"{LOGIN}{query}", {"username": user.email, "password": PASSWORD})


def enter(browser: Client, code: str) -> Any:
    return browser.post(CODE, {"code": code})


def is_logged_in(browser: Client) -> bool:
    return bool(browser.get(ACCOUNT).status_code == 200)
