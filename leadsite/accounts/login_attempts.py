"""Attempts to log in, counted before any password is hashed, over all web processes together."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.core.statements import fetch_rows

# Attempts are counted from the first one on for this long; after the last one the wait is as long.
WINDOW: Final = timedelta(minutes=15)


class Limit(NamedTuple):
    """How many attempts a key has within WINDOW."""

    key: str
    allowed: int


class LoginAttemptManager(models.Manager["LoginAttempt"]):
    def refused_until(self, limits: Sequence[Limit]) -> datetime | None:
        """Return when the last of these keys that are used up has attempts again. Raises django.db.Error."""
        ((until,),) = fetch_rows(_REFUSED, [[limit.key for limit in limits]])
        return until

    def add(self, limits: Sequence[Limit], *, account: str, address: str) -> list[str] | None:
        """Count an attempt for each key, and return the keys whose last one this was; None where one had none left.

        Of attempts at the same moment no more are counted than are allowed: each locks the rows, in the order of their
        keys. Raises django.db.Error.
        """
        keys, allowed = [limit.key for limit in limits], [limit.allowed for limit in limits]
        rows = fetch_rows(_ADD, [account, address, WINDOW, keys, allowed, WINDOW])
        if len(rows) < len(limits):
            return None
        return [key for key, used_up in rows if used_up]

    def forget(self, keys: Sequence[str], *, give_back: Sequence[str]) -> None:
        """After a login: delete the attempts of `keys`, give this one back to the others. Raises django.db.Error."""
        self.filter(key__in=keys).delete()
        for key in sorted(give_back):
            self.filter(key=key, attempts__gt=0).update(attempts=models.F("attempts") - 1)


_REFUSED: Final = """
    SELECT max(until) FROM login_attempts WHERE key = ANY(%s::text[]) AND attempts >= allowed AND until > now()
"""
_ADD: Final = """
    INSERT INTO login_attempts AS l (key, account, address, attempts, allowed, until)
    SELECT key, %s, %s, 1, allowed, now() + %s FROM unnest(%s::text[], %s::int[]) AS k (key, allowed) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        attempts = CASE WHEN l.until <= now() THEN 1 ELSE l.attempts + 1 END,
        until = CASE WHEN l.until <= now() OR l.attempts + 1 >= l.allowed THEN now() + %s ELSE l.until END,
        account = excluded.account, address = excluded.address, allowed = excluded.allowed
    WHERE l.attempts < excluded.allowed OR l.until <= now()
    RETURNING key, attempts >= allowed
"""


class LoginAttempt(models.Model):
    """The failed attempts of one key: of an account from an address, of an address, of an account, of a browser.

    Accounts are hashed in the key and shortened in `account`: people type passwords where the e-mail belongs.
    """

    key = models.CharField(primary_key=True)
    account = models.CharField(help_text=_("The account that was tried last, shortened."))
    address = models.CharField(help_text=_("The last one that tried."))
    attempts = models.IntegerField()
    allowed = models.IntegerField()
    until = models.DateTimeField(help_text=_("When the attempts are forgotten."))

    objects = LoginAttemptManager()

    class Meta:
        db_table = "login_attempts"
        verbose_name = _("failed login")

    def __str__(self) -> str:
        return gettext("%(account)s from %(address)s") % {"account": self.account, "address": self.address}

    @property
    def counted(self) -> str:
        """What the attempts have in common, in words: see `key`."""
        kinds = {
            "code": gettext("codes for %(whom)s"),
            "reset": gettext("links to a new password for %(whom)s"),
            "invitation": gettext("invitations for %(whom)s"),
        }
        kind, _, rest = self.key.partition(" ")
        key = rest if kind in kinds else self.key
        counted = gettext("all accounts from this address")
        if key.startswith("account "):
            places = {" browser ": gettext("a browser that it is used in"), " address ": gettext("this address")}
            place = next((words for mark, words in places.items() if mark in key), gettext("all addresses"))
            counted = gettext("this account from %(place)s") % {"place": place}
        return kinds.get(kind, "%(whom)s") % {"whom": counted}
