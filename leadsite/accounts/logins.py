"""Logins by e-mail and password, with limits against guessing.

Within 15 minutes there are ten attempts at an account from an address, fifty from an address at all accounts, and a
hundred at an account from all addresses. Who has used them waits 15 minutes, also with the right password. A browser in
which somebody has logged in to the account has ten attempts of its own, and no others are counted against it: so a
stranger can keep a new browser of the owner's waiting, but never one that he uses.

Codes of the second step are counted in the same way, apart from passwords, so that a password that is right gives no
attempts at a code back. From all addresses together there are thirty: who gets there knows the password. Links to a new
password and invitations are counted apart, too; an address is sent five at most of each.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import get_random_string, salted_hmac

from leadsite.accounts.login_attempts import WINDOW, Limit, LoginAttempt
from leadsite.accounts.models import User
from leadsite.accounts.people.models import Role
from leadsite.accounts.people.roles import permissions_of
from leadsite.core import clock
from leadsite.core.addresses import neighbourhood
from leadsite.core.logs.security import log_security_event

ATTEMPTS_AT_ACCOUNT_FROM_ADDRESS: Final = 10
ATTEMPTS_FROM_ADDRESS: Final = 50
ATTEMPTS_AT_ACCOUNT: Final = 100
ATTEMPTS_OF_BROWSER: Final = 10
CODES_AT_ACCOUNT: Final = 30
RESETS_AT_ACCOUNT: Final = 5
INVITATIONS_OF_ADDRESS: Final = 5

# By what is counted.
_AT_ACCOUNT: Final = {"code ": CODES_AT_ACCOUNT, "reset ": RESETS_AT_ACCOUNT, "invitation ": INVITATIONS_OF_ADDRESS}
COOKIE: Final = "browser"
_SALT: Final = "leadsite.accounts.logins"
_COOKIE_SECONDS: Final = 180 * 24 * 3600


class LoginRefused(Exception):
    """There were too many attempts; no password was looked at. `until`: when there may be the next."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Too many attempts to log in; the next may be at {until:%H:%M}.")
        self.until = until


@dataclass(frozen=True)
class Attempt:
    """Who tries to log in to what. `browser`: the number of a browser that has logged in to the account, or "".
    `kind`: "" for passwords, "code " for codes, "reset " for links to a new password, "invitation ".
    """

    email: str
    address: str
    browser: str
    kind: str = ""

    @property
    def own_key(self) -> str:
        place = f"browser {self.browser}" if self.browser else f"address {self.address}"
        return f"{self.kind}account {account_key(self.email)} {place}"

    @property
    def shared(self) -> list[Limit]:
        if self.browser:
            return []
        at_account = _AT_ACCOUNT.get(self.kind, ATTEMPTS_AT_ACCOUNT)
        return [
            Limit(f"{self.kind}account {account_key(self.email)}", at_account),
            Limit(f"{self.kind}address {self.address}", ATTEMPTS_FROM_ADDRESS),
        ]

    @property
    def limits(self) -> list[Limit]:
        own = ATTEMPTS_OF_BROWSER if self.browser else ATTEMPTS_AT_ACCOUNT_FROM_ADDRESS
        return [Limit(self.own_key, own), *self.shared]

    def succeeded(self) -> None:
        """Give this attempt back, and forget those that failed here. Raises django.db.Error."""
        LoginAttempt.objects.forget([self.own_key], give_back=[limit.key for limit in self.shared])


class LimitedBackend(ModelBackend):
    """Django's backend, which hashes a password also where there is no such account, behind the limits above.

    Permissions are those of the role in the present business: of owners, what operators have given them by groups, as a
    rule STAFF_GROUP, or directly.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Raises django.db.Error."""
        if not isinstance(user_obj, User) or not user_obj.is_active or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        return super().get_all_permissions(user_obj) if user_obj.role == Role.OWNER else permissions_of(user_obj.role)

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **fields: Any
    ) -> User | None:
        """Raises LoginRefused, django.db.Error."""
        email = username if username is not None else fields.get(User.USERNAME_FIELD)
        if email is None or password is None:
            return None
        attempt = count_attempt(request, email)
        user = super().authenticate(request, username=email, password=password)
        if user is None:
            _log("login_failed", attempt)
            return None
        attempt.succeeded()
        return user


def count_attempt(request: HttpRequest | None, email: str, *, kind: str = "") -> Attempt:
    """Count an attempt before anything is checked. Raises LoginRefused, django.db.Error."""
    attempt = _attempt_of(request, email, kind)
    _count(attempt)
    return attempt


def _attempt_of(request: HttpRequest | None, email: str, kind: str) -> Attempt:
    address = neighbourhood(request.META.get("REMOTE_ADDR", "")) if request is not None else ""
    known = request.get_signed_cookie(COOKIE, "", salt=_SALT, max_age=_COOKIE_SECONDS) if request is not None else ""
    account, _, browser = (known or "").partition(".")
    return Attempt(email, address, browser if account == account_key(email) else "", kind)


def _count(attempt: Attempt) -> None:
    """Raises LoginRefused, django.db.Error."""
    who = {"account": shortened(attempt.email), "address": attempt.address}
    until = LoginAttempt.objects.refused_until(attempt.limits)
    if until is None:
        used_up = LoginAttempt.objects.add(attempt.limits, **who)
        if used_up is not None:
            for key in used_up:
                _log("login_locked", attempt, key=key)
            return
        # Another attempt at the same moment was the last one.
        until = clock.now() + WINDOW
    _log("login_throttled", attempt)
    raise LoginRefused(until)


def _log(event: str, attempt: Attempt, **more: Any) -> None:
    log_security_event(event, client=attempt.address, subject=shortened(attempt.email), **more)


def remember_browser(request: HttpRequest, response: HttpResponseBase) -> None:
    """After a login: the cookie by which this browser keeps attempts of its own at this account."""
    if not isinstance(request.user, User):
        return
    response.set_signed_cookie(
        COOKIE,
        f"{account_key(request.user.email)}.{get_random_string(22)}",
        salt=_SALT,
        max_age=_COOKIE_SECONDS,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_failures(*, email: str = "", address: str = "") -> int:
    """Forget the attempts at this account, from this address, or all. Return how many counts there were."""
    rows = LoginAttempt.objects.all()
    if email:
        rows = rows.filter(key__contains=account_key(email))
    if address:
        rows = rows.filter(key__endswith=f"address {neighbourhood(address)}")
    deleted, _ = rows.delete()
    return deleted


def account_key(email: str) -> str:
    """Return what stands for an account, existing or not, where attempts are counted."""
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:32]


def shortened(email: str) -> str:
    """Return an e-mail for logs and operators: enough to recognise it, too little of a password in the wrong field."""
    name, at, host = email.strip().lower().rpartition("@")
    return f"{name[:1]}…@{host[:100]}" if at else f"{host[:1]}…"
