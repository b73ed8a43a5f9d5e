"""What Meta reports about accounts and numbers themselves: bans, restrictions, quality, limits, templates."""

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from conversations.phone import phone_key
from leadsite.core.arrays import array, column_arrays
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows

_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")
# Meta delivers some events twice: the second has the same digest.
_STORE: Final = """
    INSERT INTO account_events (user_id, waba_id, channel_id, number, field, event, aspect, subject, text, is_problem,
                                at, until, messaging_limit, value, digest)
    SELECT user_id, waba_id, channel_id, number, field, event, aspect, subject, text, is_problem,
           at, until, messaging_limit, value::jsonb, digest
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::text[])
        AS given (user_id, waba_id, channel_id, number, field, event, aspect, subject, text, is_problem,
                  at, until, messaging_limit, value, digest)
    ON CONFLICT (user_id, digest) DO NOTHING
"""

_OF_ACCOUNTS: Final = """
    SELECT c.id, c.user_id, c.waba_id, c.phone_number_id, shown.key, c.active, c.provider, c.encrypted_app_secret
    FROM channels AS c
    CROSS JOIN LATERAL (SELECT phone_key('+' || regexp_replace(c.display_number, '[^0-9]', '', 'g')) AS key) AS shown
    WHERE c.provider = 'cloud' AND (c.waba_id = ANY (%s::text[]) OR c.phone_number_id = ANY (%s::text[])
        OR c.waba_id = '' AND shown.key = ANY (%s::text[]))
    ORDER BY c.id
"""


def number_key(text: str) -> str:
    """Return one key for all spellings of a display number; "" where it has no digits."""
    digits = _NOT_A_DIGIT.sub("", text)
    return phone_key(f"+{digits}") if digits else ""


class AccountNumber(NamedTuple):
    """A number at Meta. `key`: of its display number, see `number_key`."""

    id: UUID
    user_id: UUID
    waba_id: str
    phone_number_id: str
    key: str
    active: bool
    provider: str = "cloud"
    app_secret: str = ""  # encrypted as it is stored
    access_token: str = ""  # not needed: see whatsapp.models.signing


class AccountEventRow(NamedTuple):
    """An event to store, in the order of the columns. `channel_id`: of the number that it names, if it is connected."""

    user_id: UUID
    waba_id: str
    channel_id: UUID | None
    number: str
    field: str
    event: str
    aspect: str
    subject: str
    text: str
    is_problem: bool
    at: datetime
    until: datetime | None
    messaging_limit: str
    value: dict[str, Any]
    digest: str


class AccountEventManager(models.Manager["AccountEvent"]):
    """The log, and the present state, which follows from it."""

    def newest(self) -> QuerySet["AccountEvent"]:
        """The newest event, by Meta's time, of each aspect, subject and number: the present state."""
        names = ("user_id", "waba_id", "aspect", "subject", "number")
        same = AccountEvent.objects.filter(**{name: OuterRef(name) for name in names})
        later = same.filter(Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk")))
        return self.filter(~Exists(later))

    def open_problems(self, now: datetime) -> QuerySet["AccountEvent"]:
        """Problems that exist now: not ended, not followed by a later event about the same, and not marked as done."""
        return self.newest().filter(Q(until=None) | Q(until__gt=now), is_problem=True, done_at=None)

    def state_of(self, *, channel_id: UUID, user_id: UUID, waba_id: str) -> QuerySet["AccountEvent"]:
        """The newest events about this number, and about its account as a whole."""
        about = Q(channel_id=channel_id)
        if waba_id:
            about |= Q(channel_id=None, waba_id=waba_id)
        return self.newest().filter(about, user_id=user_id)

    def numbers_of(self, *, waba_ids: Collection[str], numbers: Collection[str]) -> list[AccountNumber]:
        """Return the numbers of these accounts, and those with these ids or, if their account is not known, keys."""
        ids, keys = array(numbers), array(key for number in numbers if (key := number_key(number)))
        return [AccountNumber(*row) for row in fetch_rows(_OF_ACCOUNTS, [array(waba_ids), ids, keys])]

    def store(self, rows: Sequence[AccountEventRow]) -> None:
        """Insert events that are not stored yet, in one statement. Caller holds the transaction."""
        if not rows:
            return
        ordered = sorted(rows, key=lambda row: (row.user_id, row.digest))
        fetch_rows(_STORE, column_arrays((*row[:-2], json.dumps(row.value), row.digest) for row in ordered))


class AccountEvent(OwnedModel):
    """One event, as a row of the log. The present state is the newest event of each aspect and subject: an older event
    that arrives later does not change it.

    `aspect` and `subject` say what it is about: quality of a number, status of a template, a kind of restriction …
    `until`: when a restriction ends. `done_at`: a person has taken note of a problem that no later event will end.
    """

    waba_id = models.CharField(_("WhatsApp Business account id"))
    # No foreign key: with one, each event would lock the number's row.
    channel_id = models.UUIDField(null=True, editable=False)
    number = models.CharField(blank=True, help_text=_("The number's digits, or its id at Meta; blank for all."))
    field = models.CharField(help_text=_("The webhook field at Meta."))
    event = models.CharField(blank=True, help_text=_("Meta's word for it."))
    aspect = models.CharField()
    subject = models.CharField(blank=True)
    text = models.TextField()
    is_problem = models.BooleanField(_("problem"))
    at = models.DateTimeField(_("time"), help_text=_("When it happened, as Meta says."))
    until = models.DateTimeField(null=True)
    messaging_limit = models.CharField(blank=True)
    value = models.JSONField()
    digest = models.CharField(editable=False)
    done_at = models.DateTimeField(null=True, editable=False)

    objects = AccountEventManager()

    class Meta:
        db_table = "account_events"
        verbose_name = _("account event")
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="account_events_digest_unique"),
        ]
        indexes = [
            # Read by `newest`: later events about the same.
            models.Index(fields=["user", "waba_id", "aspect", "subject", "at"], name="account_events_by_subject"),
            # Read by the Overview.
            models.Index(
                fields=["user", "at"], condition=Q(is_problem=True, done_at=None), name="account_events_problems"
            ),
            # Read by the admin's list.
            models.Index(F("at").desc(), name="account_events_by_time"),
        ]

    def __str__(self) -> str:
        return self.text
