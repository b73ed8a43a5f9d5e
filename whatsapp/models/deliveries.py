"""Stored webhook deliveries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadsite.core.arrays import array, column_arrays
from leadsite.core.models import UuidV7
from leadsite.core.statements import fetch_rows
from whatsapp.models.channel_values import ChannelProvider


class DeliveryState(models.TextChoices):
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", pgettext_lazy("import, export or delivery", "Failed")
    UNROUTED = "unrouted", _("Unrouted")


class NewDelivery(NamedTuple):
    """The row of a delivery."""

    id: UUID
    provider: str
    body: bytes
    received_at: datetime
    state: str
    error: str
    unrouted: list[str]
    signed_by: list[str]
    signature: str
    next_attempt_at: datetime | None


class DeliveryManager(models.Manager["WebhookDelivery"]):
    def insert(self, row: NewDelivery, *, facts: Mapping[UUID, tuple[Any, ...]]) -> None:
        """Insert a delivery, and what it tells of channels: by id, account and display number, and whether it is the
        first delivery, the first with a message, the first with a status. Raises django.db.Error.
        """
        values: list[Any] = [array(one) if isinstance(one, list) else one for one in row]
        statement = _INSERT
        if facts:
            in_order = dict(sorted(facts.items()))  # in which two deliveries lock the channels
            columns = [array(in_order), *column_arrays(in_order.values())]
            statement, values = _SET_FACTS + _INSERT, [*columns, *values]
        fetch_rows(statement, values)

    def move_times(self, by: timedelta) -> None:
        """Move the times of next attempts that are ahead of the database's clock, which was moved back. Caller holds
        the transaction.
        """
        ahead = self.filter(state=DeliveryState.FAILED, next_attempt_at__gt=Now())
        free = ahead.select_for_update(skip_locked=True, no_key=True)
        self.filter(pk__in=free.values("pk")).update(next_attempt_at=F("next_attempt_at") + by)


class WebhookDelivery(models.Model):
    """The body of a signed request from a provider. It belongs to no business, because it may have messages of several.

    The states:
      processed  everything readable is stored; `error` lists what could not be read
      unrouted   a number in it (`unrouted`) is not connected, or switched off; the rest is stored
      failed     nothing, or not everything, is stored; `error` says why. After a database error, and where the secret
                 of a number cannot be decrypted, the worker tries again at `next_attempt_at`, until that is empty.
                 Where the body or items in it are unreadable, `next_attempt_at` is empty from the start: another
                 attempt would give the same result. Staff can always replay it
    """

    State = DeliveryState

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    provider = models.CharField(choices=ChannelProvider)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    state = models.CharField(choices=State)
    error = models.TextField(blank=True, default="", db_default="")
    attempts = models.PositiveIntegerField(default=1, db_default=1)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    unrouted = ArrayField(models.CharField(), default=list, db_default=[], help_text=_("Numbers without a channel."))

    # Who signed it, so that a replay stores nothing that the signature did not cover: LIST, and ids of channels. The
    # header itself, of Meta, shows later whether the secret of a number that is connected by then made it.
    signed_by = ArrayField(models.CharField(), default=list, db_default=[], editable=False)
    signature = models.TextField(blank=True, default="", db_default="", editable=False)

    LIST = "list"  # in signed_by: one of WHATSAPP_APP_SECRETS

    objects = DeliveryManager()

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            # Read by the worker that replays failed deliveries, and by the admin's lists and badge.
            models.Index(fields=["state", "id"], condition=~Q(state="processed"), name="webhook_deliveries_open"),
            # Read by the admin's filter for deliveries with notes.
            models.Index(fields=["id"], condition=~Q(error=""), name="webhook_deliveries_noted"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(provider__in=ChannelProvider.values), name="webhook_deliveries_provider_valid"
            ),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="webhook_deliveries_state_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()}, {self.received_at:%Y-%m-%d %H:%M:%S}"


# Account and display number are new once, with the first delivery, and so is each first of a kind.
# In the same statement, so that this one has no more.
_SET_FACTS: Final = """
    WITH belongs AS (
        UPDATE channels AS c SET waba_id = given.waba_id, display_number = given.display_number, updated_at = now(),
            first_delivery_at = CASE WHEN given.delivery THEN coalesce(c.first_delivery_at, now())
                                ELSE c.first_delivery_at END,
            first_inbound_at = CASE WHEN given.inbound THEN coalesce(c.first_inbound_at, now())
                               ELSE c.first_inbound_at END,
            first_status_at = CASE WHEN given.status THEN coalesce(c.first_status_at, now()) ELSE c.first_status_at END
        FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::boolean[])
            AS given (id, waba_id, display_number, delivery, inbound, status)
        WHERE c.id = given.id)
"""
_INSERT: Final = """
    INSERT INTO webhook_deliveries
        (id, provider, body, received_at, state, error, unrouted, signed_by, signature, next_attempt_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s::text[], %s::text[], %s, %s)
"""
