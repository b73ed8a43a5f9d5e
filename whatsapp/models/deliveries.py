"""Stored webhook deliveries."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from leadsite.core.models import UuidV7
from whatsapp.models.channel_values import ChannelProvider


class DeliveryState(models.TextChoices):
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", _("Failed")
    UNROUTED = "unrouted", _("Unrouted")


class WebhookDelivery(models.Model):
    """The body of a signed request from a provider. It belongs to no business, because it may have messages of several.

    The states:
      processed  everything readable is stored; `error` lists what could not be read
      unrouted   a number in it (`unrouted`) is not connected, or switched off; the rest is stored
      failed     nothing, or not everything, is stored; `error` says why. After a database error the worker tries again
                 at `next_attempt_at`, until that is empty. Where the body or items in it are unreadable,
                 `next_attempt_at` is empty from the start: another attempt would give the same result. Staff can always
                 replay it
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
