"""What comes after the right password: nothing, a code, or setting up the second factor.

Until the last step the session is anonymous, and only says whose password was right. So no page of the admin knows of a
login that is not complete.
"""

import logging
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from leadsite.accounts.logins import remember_browser, shortened
from leadsite.accounts.models import User
from leadsite.accounts.people.workplaces import restore_choice
from leadsite.accounts.second_factor.rules import mark_complete, must_have
from leadsite.core import clock
from leadsite.core.logs.security import log_security_event

# How long there is between the password and the end of the login.
SECONDS: Final = 600
_KEY: Final = "unfinished_login"


@dataclass(frozen=True)
class UnfinishedLogin:
    """A login whose password was right. `password` changes with it, `at` is a Unix time."""

    user: str
    password: str
    next_page: str
    at: float


def after_password(request: HttpRequest, user: User, *, next_page: str) -> HttpResponse:
    """Log the user in, or send them to the next step."""
    if user.second_factor_at is None and not must_have(user):
        return log_in(request, user, next_page=next_page, step="none")
    # A new session: somebody who knew the key of the old one, or had logged in with it, is not logged in by this login.
    request.session.flush()
    unfinished = UnfinishedLogin(str(user.pk), user.get_session_auth_hash(), next_page, clock.now().timestamp())
    request.session[_KEY] = asdict(unfinished)
    return HttpResponseRedirect(reverse("login-code" if user.second_factor_at else "login-set-up"))


def unfinished_login(request: HttpRequest) -> tuple[User, str] | None:
    """Return who has entered the right password a moment ago in this browser, and where they were going."""
    stored: Any = request.session.get(_KEY)
    if not stored or clock.now().timestamp() - stored["at"] > SECONDS:
        return None
    unfinished = UnfinishedLogin(**stored)
    user = User.objects.filter(pk=unfinished.user, is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), unfinished.password):
        return None
    return user, unfinished.next_page


def log_in(request: HttpRequest, user: User, *, next_page: str, step: str) -> HttpResponse:
    """End the login: a new session with a new key. `step`, for the log: what came after the password."""
    return complete(request, user, HttpResponseRedirect(next_page), step=step)


def complete(request: HttpRequest, user: User, response: HttpResponse, *, step: str) -> HttpResponse:
    """Log in, and return this response with the cookie of the browser."""
    request.session.flush()
    auth.login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    mark_complete(user, request.session)
    restore_choice(request, user.pk)
    remember_browser(request, response)
    client, subject = request.META.get("REMOTE_ADDR", ""), shortened(user.email)
    log_security_event("login_succeeded", client=client, subject=subject, level=logging.INFO, second_step=step)
    return response
