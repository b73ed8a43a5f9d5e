"""The sessions of people in the admin, with what they need to be recognised by."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Least, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.sessions.browsers import browser_name
from leadsite.core import clock
from leadsite.core.logs.security import log_security_event
from leadsite.core.statements import fetch_rows

# An anonymous session holds the steps of a login that is not complete.
ANONYMOUS: Final = timedelta(minutes=15)
BROWSER_LENGTH: Final = 300


class SessionManager(models.Manager["Session"]):
    def running(self, user_id: Any) -> "models.QuerySet[Session]":
        """The sessions of a user that have not ended, the last used first."""
        return self.filter(user_id=user_id, expire_date__gt=clock.now()).order_by("-last_seen_at", "session_key")

    def end(self, keys: Sequence[str], *, user_id: UUID | None = None, reason: str) -> int:
        """End the sessions with these keys, of one user where one is given; return how many that were.

        Their browsers are logged out at the next request. `reason` is for the log. Raises django.db.Error.
        """
        return _end(f"session_key = ANY(%s::text[]) AND {_OF_USER}", [list(keys), user_id, user_id], reason)

    def end_all(self, user_id: UUID, *, but: str = "", reason: str) -> int:
        """End all sessions of a user but the one with this key, and return how many that were."""
        return _end("user_id = %s AND session_key <> %s", [user_id, but], reason)


_OF_USER: Final = "(%s::uuid IS NULL OR user_id = %s)"


def _end(condition: str, parameters: list[Any], reason: str) -> int:
    ended = fetch_rows(f"DELETE FROM sessions WHERE {condition} RETURNING user_id, address, browser", parameters)  # noqa: S608 - ours
    for user_id, address, browser in ended:
        more = {"browser": browser_name(browser), "reason": reason}
        log_security_event("session_ended", client=address, subject=str(user_id), level=logging.INFO, **more)
    return len(ended)


class Session(AbstractBaseSession):
    """A session. `session_key` is the hash of what is in the cookie: who reads the table cannot use a session."""

    session_key = models.CharField(max_length=64, primary_key=True)
    # The foreign key is created in SQL, like all foreign keys: see AddForeignKey in leadsite/core/sql_migrations.py.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        db_constraint=False,
        related_name="+",
        help_text=_("Nobody, while a login is not complete."),
    )
    started_at = models.DateTimeField(db_default=Now(), help_text=_("The login."))
    last_seen_at = models.DateTimeField(db_default=Now(), help_text=_("To the minute."))
    address = models.CharField(default="", db_default="", help_text=_("The client's address, when last seen."))
    browser = models.CharField(default="", db_default="", max_length=BROWSER_LENGTH, help_text=_("Its User-Agent."))

    objects = SessionManager()  # type: ignore[misc,assignment] # the base's only serves clear_expired

    class Meta:
        db_table = "sessions"
        verbose_name = _("session")

    def __str__(self) -> str:
        return gettext("%(browser)s at %(address)s") % {
            "browser": self.browser_name,
            "address": self.address or gettext("an unknown address"),
        }

    @property
    def browser_name(self) -> str:
        return browser_name(self.browser)


def limits(user_id: Any) -> tuple[timedelta, timedelta]:
    """How long a session lasts without a request, and in all."""
    if user_id is None:
        return ANONYMOUS, ANONYMOUS
    return timedelta(hours=settings.SESSION_IDLE_HOURS), timedelta(days=settings.SESSION_MAX_DAYS)


def ends_at(user_id: Any) -> Any:
    """The column expire_date of a session that is used now."""
    idle, longest = limits(user_id)
    return Least(models.Value(clock.now() + idle), models.F("started_at") + longest)
