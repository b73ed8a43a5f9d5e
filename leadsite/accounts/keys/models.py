"""API keys, and how many requests each of them, or an address, may still send."""

from typing import Final, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken, AuthTokenManager

from leadsite.core.statements import fetch_rows


class ApiKeyScope(models.TextChoices):
    READ = "read", _("Read leads, conversations and messages")
    WRITE = "write", _("Create and change leads and conversations")
    SEND = "send", _("Send messages, and create the lead of a message")
    EXPORT = "export", _("Export all that is kept about a customer")
    ERASE = "erase", _("Erase customers with every trace, for good")


DEFAULT_SCOPES: Final = [ApiKeyScope.READ.value, ApiKeyScope.WRITE.value, ApiKeyScope.SEND.value]


def all_scopes() -> list[str]:
    """Those of a key for which none are named: all but `export` and `erase`, which are given on purpose."""
    return list(DEFAULT_SCOPES)


class ApiKey(AbstractAuthToken):
    """An API key of one business, stored as a SHA-512 hash. Deleting the row revokes it within a second."""

    Scope = ApiKeyScope

    name = models.CharField(max_length=100, blank=True, default="", help_text=_("What uses this key."))
    scopes = ArrayField(models.CharField(choices=Scope), default=all_scopes, db_default=DEFAULT_SCOPES)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text=_("To the minute."))

    objects = AuthTokenManager()

    class Meta:
        db_table = "api_keys"
        verbose_name = _("API key")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=ApiKeyScope.values) & ~models.Q(scopes=[]),
                name="api_keys_scopes_valid",
                violation_error_message=_("A key has one or more of the scopes read, write, send, export and erase."),
            )
        ]

    def __str__(self) -> str:
        return gettext("%(key)s… of %(business)s") % {"key": self.token_key, "business": self.user}


class Allowance(NamedTuple):
    """The number of requests granted; if 0, the seconds until one can be granted."""

    granted: int
    wait: float


class RequestAllowanceManager(models.Manager["RequestAllowance"]):
    def take(self, key: str, *, per_minute: int, wanted: int) -> Allowance:
        """Grant a key up to `wanted` of its remaining requests. Raises django.db.Error.

        A token bucket with a capacity of one minute's requests and a constant refill rate. The key's row is locked
        until the transaction ends, so call this outside of one.
        """
        parameters = [per_minute, per_minute / 60, key, wanted]
        rows = fetch_rows(_TAKE, parameters)
        if not rows:
            fetch_rows(_FILL, [key, per_minute])
            rows = fetch_rows(_TAKE, parameters)
        ((left,),) = rows
        granted = min(wanted, int(left))
        return Allowance(granted, 0 if granted else (1 - left) * 60 / per_minute)


_FILL: Final = """
    INSERT INTO request_allowances (key, requests, counted_at) VALUES (%s, %s, clock_timestamp())
    ON CONFLICT (key) DO NOTHING
"""
# `greatest`: a clock that was set back refills nothing. If less than one request is left, nothing is written.
_TAKE: Final = """
    WITH held AS (
        SELECT key, least(%s, requests + %s::float8 * greatest(0, extract(epoch FROM clock_timestamp() - counted_at)))
            AS requests
        FROM request_allowances WHERE key = %s FOR UPDATE
    ), taken AS (
        UPDATE request_allowances AS a
        SET requests = held.requests - least(%s, floor(held.requests)), counted_at = clock_timestamp()
        FROM held WHERE a.key = held.key AND held.requests >= 1
    )
    SELECT requests FROM held
"""


class RequestAllowance(models.Model):
    """The requests that a key had left at `counted_at`.

    The table is UNLOGGED, so that a request does not wait for the disk. It is empty after a crash of PostgreSQL, which
    only resets the counts.
    """

    key = models.CharField(primary_key=True, help_text="The hash of an API key; or what is counted, and an address.")
    requests = models.FloatField()
    counted_at = models.DateTimeField()

    objects = RequestAllowanceManager()

    class Meta:
        # No index on counted_at: it would be updated with each count, and pruning reads only one row per key.
        db_table = "request_allowances"

    def __str__(self) -> str:
        return f"{self.requests:.0f} requests"
