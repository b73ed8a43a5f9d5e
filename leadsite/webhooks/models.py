"""Webhook endpoints of a business, and the events to be posted to them."""

from datetime import timedelta
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows
from leadsite.languages.texts import filled, inside

URL_MAX_LENGTH = 2000
DESCRIPTION_MAX_LENGTH = 200
TEST = "webhook.test"

# When an event is posted again, and its lease ends: after the clock was moved back by more than a lease can be ahead of
# it. Locked rows are skipped: who has them locked sets these times.
_MOVE_TIMES: Final = """
    UPDATE webhook_events SET due_at = due_at + %(by)s WHERE id = ANY (ARRAY(
        SELECT id FROM webhook_events WHERE state = 'pending' AND due_at > statement_timestamp()
            + CASE WHEN leased_until IS NULL THEN interval '0' ELSE %(lease)s END
        FOR NO KEY UPDATE SKIP LOCKED))
"""


class EventType(models.TextChoices):
    LEAD_CREATED = "lead.created", _("Lead created")
    LEAD_UPDATED = "lead.updated", _("Lead updated")
    LEAD_DELETED = "lead.deleted", _("Lead deleted")
    LEAD_RESTORED = "lead.restored", _("Lead restored")
    MESSAGE_RECEIVED = "message.received", _("Message received")
    MESSAGE_STATUS = "message.status", _("Message status changed")


class EventState(models.TextChoices):
    PENDING = "pending", _("Pending")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


class WebhookEndpoint(OwnedModel):
    """A URL of the business to which the worker posts events. Created by webhooks.services.

    It is active, switched off by its owner, or disabled by leadsite (`disabled_at` and `disabled_reason`).
    """

    Event = EventType

    url = models.CharField("URL")
    description = models.CharField(blank=True, default="", db_default="", help_text=_("What receives the events."))
    events = ArrayField(models.CharField(choices=Event))
    active = models.BooleanField(default=True, db_default=True)
    # Encrypted by leadsite/core/encryption.py. Events are also signed with each former secret until its own end, the
    # one at the same place of the second list.
    encrypted_secret = models.TextField(editable=False)
    former_secrets = ArrayField(models.TextField(), default=list, db_default=[], editable=False)
    former_until = ArrayField(models.DateTimeField(), default=list, db_default=[], editable=False)
    # Headers of the integrator's own, as JSON encrypted like the secret; their names are shown. See headers.py.
    encrypted_headers = models.TextField(default="", db_default="", editable=False)
    header_names = ArrayField(models.CharField(), default=list, db_default=[], editable=False)
    failing_since = models.DateTimeField(
        null=True, editable=False, help_text=_("The first failure since the last delivered event.")
    )
    disabled_at = models.DateTimeField(null=True, editable=False)
    disabled_reason = models.TextField(default="", db_default="", editable=False)

    class Meta:
        db_table = "webhook_endpoints"
        constraints = [
            # Also read by the lists of a business's endpoints, newest first.
            models.UniqueConstraint(fields=["user", "id"], name="webhook_endpoints_owner_unique"),
            models.CheckConstraint(
                condition=Q(events__contained_by=EventType.values) & ~Q(events=[]),
                name="webhook_endpoints_events_valid",
                violation_error_message=_("An endpoint has one or more of the events."),
            ),
            models.CheckConstraint(
                condition=Q(url__length__gte=1) & Q(url__length__lte=URL_MAX_LENGTH),
                name="webhook_endpoints_url_length",
                violation_error_message=filled(
                    _("A URL has at most %(url_max_length)s characters."), url_max_length=URL_MAX_LENGTH
                ),
            ),
            models.CheckConstraint(
                condition=Q(description__length__lte=DESCRIPTION_MAX_LENGTH),
                name="webhook_endpoints_description_length",
                violation_error_message=filled(
                    _("A description has at most %(description_max_length)s characters."),
                    description_max_length=DESCRIPTION_MAX_LENGTH,
                ),
            ),
            models.CheckConstraint(
                condition=Q(active=False) | Q(disabled_at=None, disabled_reason=""),
                name="webhook_endpoints_disabled_is_inactive",
            ),
            models.CheckConstraint(
                condition=Q(former_secrets__len=F("former_until__len")), name="webhook_endpoints_former_have_ends"
            ),
        ]
        indexes = [
            # Read by the triggers (write_lead_events.sql, write_message_events.sql) at each write of leads or
            # messages, and by the worker that claims.
            models.Index(fields=["user"], condition=Q(active=True), name="webhook_endpoints_active"),
            # Read by the Overview.
            models.Index(fields=["disabled_at"], condition=Q(disabled_at__isnull=False), name="webhook_endpoints_off"),
        ]

    def __str__(self) -> str:
        return self.description or self.url


class WebhookEventManager(models.Manager["WebhookEvent"]):
    def move_times(self, by: timedelta, *, lease: timedelta) -> None:
        """Move the times of the queue that are ahead of the clock. Caller holds the transaction."""
        fetch_rows(_MOVE_TIMES, {"by": by, "lease": lease})


class WebhookEvent(OwnedModel):
    """An event for one endpoint, written by triggers in the transaction of the change.

      pending    to be posted at `due_at`; a worker that posts it has a lease until then
      delivered  the endpoint answered 2xx
      failed     all attempts of a day failed, or the endpoint answered 410
    A failed or delivered event can be sent again (resending.py).

    Its id is the header webhook-id, the same at each attempt. No foreign key to the endpoint: write_lead_events.sql
    says why.
    """

    State = EventState

    endpoint = models.ForeignKey(
        WebhookEndpoint, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries"
    )
    type = models.CharField()
    payload = models.JSONField()
    state = models.CharField(choices=State, default=State.PENDING, db_default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, db_default=Now())
    # When the lease ends by the clock of the worker that claimed it; null without one. Different for each claim and
    # never moved: a worker records its results by it, and finds what it claimed; one whose lease has expired cannot.
    leased_until = models.DateTimeField(null=True, editable=False)
    last_status = models.PositiveSmallIntegerField(null=True, help_text=_("The HTTP status of the last answer."))
    last_attempt_at = models.DateTimeField(null=True, help_text=_("When the last attempt ended."))
    error = models.TextField(default="", db_default="")
    delivered_at = models.DateTimeField(null=True)

    objects = WebhookEventManager()

    class Meta:
        db_table = "webhook_events"
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="webhook_events_owner_unique"),
            models.CheckConstraint(
                condition=Q(state=EventState.PENDING, due_at__isnull=False)
                | Q(state__in=[EventState.DELIVERED, EventState.FAILED], due_at=None, leased_until=None),
                name="webhook_events_state_valid",
            ),
        ]
        indexes = [
            # Read by the lists of an endpoint's events, newest first, and when it is deleted.
            models.Index(fields=["endpoint", "id"], name="webhook_events_by_endpoint"),
            # Read by webhooks.queue.claim: the due events of an endpoint.
            models.Index(
                fields=["endpoint", "due_at"], condition=Q(state=EventState.PENDING), name="webhook_events_due"
            ),
            # Read by webhooks.queue.claim: the number of events that are being posted to an endpoint.
            models.Index(fields=["endpoint"], condition=Q(leased_until__isnull=False), name="webhook_events_under_way"),
            # Read by the list of an endpoint's failed events, and by the service that queues them again.
            models.Index(fields=["endpoint", "id"], condition=Q(state=EventState.FAILED), name="webhook_events_failed"),
            # Read by the worker that prunes.
            models.Index(fields=["created_at"], name="webhook_events_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type}, {inside(self.get_state_display())}"
