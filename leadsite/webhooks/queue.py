"""The queue of events, as rows of `webhook_events`: claim, post, and record what became of them.

A worker claims in a short transaction, talks HTTP outside of any, and records in another. Killed or asleep in between,
it loses its lease, and the event is posted again: at least once, and now and then twice, with the same webhook-id.
"""

import random
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from leadsite.core.encryption import SecretUnreadable, decrypt
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle
from leadsite.webhooks import http
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from leadsite.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)

# Longer than a request can take, a slow name service included.
LEASE_SECONDS: Final = 60
# At once to one endpoint; to one that fails, a single one, which finds out whether it is back.
MOST_AT_ONCE: Final = 4
# How long to wait after each failure, in seconds; after the last the event has failed. 23.7 hours in all.
PAUSES: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
_JITTER: Final = (0.8, 1.2)  # who failed together does not come back together
# "If all attempts to a specific endpoint fail for 5 days" (Standard Webhooks, "Failing endpoints").
DISABLED_AFTER: Final = timedelta(days=5)
GONE: Final = "It answered 410 Gone."
USER_AGENT: Final = "leadsite-webhooks/1"

# Endpoint by endpoint, and of each business one after the other, so that one's long queue lies before nobody else's
# first event. A business that is locked out hears nothing. Two workers that look at the same moment may exceed
# MOST_AT_ONCE together; no event is taken twice.
_CLAIM: Final = """
    WITH open AS MATERIALIZED (
        SELECT e.*, CASE WHEN e.failing_since IS NULL THEN %(at_once)s ELSE 1 END - (
            SELECT count(*) FROM webhook_events AS u
            WHERE u.endpoint_id = e.id AND u.leased_until > statement_timestamp()) AS room
        FROM webhook_endpoints AS e JOIN users AS b ON b.id = e.user_id AND b.is_active
        WHERE e.active AND (e.failing_since IS NOT NULL) = %(failing)s
    ), due AS MATERIALIZED (
        SELECT next.id, open.url, open.encrypted_secret AS secret,
               CASE WHEN open.former_until > statement_timestamp() THEN open.former_secret ELSE '' END AS former_secret
        FROM open
        CROSS JOIN LATERAL (
            SELECT w.id, w.due_at FROM webhook_events AS w
            WHERE w.endpoint_id = open.id AND w.state = 'pending' AND w.due_at <= statement_timestamp()
            ORDER BY w.due_at LIMIT greatest(open.room, 0) FOR UPDATE SKIP LOCKED
        ) AS next
        ORDER BY row_number() OVER (PARTITION BY open.user_id ORDER BY next.due_at), next.due_at LIMIT %(limit)s
    )
    UPDATE webhook_events AS w
    SET attempts = w.attempts + 1, due_at = statement_timestamp() + %(lease)s,
        leased_until = statement_timestamp() + %(lease)s, updated_at = statement_timestamp()
    FROM due WHERE w.id = due.id
    RETURNING w.id, w.endpoint_id, w.type, w.attempts, w.leased_until, w.payload::text, due.url, due.secret,
              due.former_secret
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a worker has to itself, and where it goes."""

    id: UUID
    endpoint_id: UUID
    type: str
    attempt: int
    leased_until: datetime
    body: str = field(repr=False)
    url: str = field(repr=False)
    secret: str = field(repr=False)  # encrypted, as it is stored
    former_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is None where nobody answered."""

    status: int | None
    error: str = ""
    pause: float = 0  # seconds that the endpoint asks for

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def claim(limit: int, *, failing: bool) -> list[Delivery]:
    """Take up to `limit` events that are due, for endpoints that fail or for the others. One statement, and so a
    transaction of its own. Raises django.db.Error.
    """
    values: dict[str, Any] = {
        "at_once": MOST_AT_ONCE,
        "failing": failing,
        "limit": limit,
        "lease": timedelta(seconds=LEASE_SECONDS),
    }
    return [Delivery(*row) for row in fetch_rows(_CLAIM, values)]


def deliver(delivery: Delivery) -> Outcome:
    """Sign and post it, once. Needs no database."""
    body = delivery.body.encode()
    try:
        stored = [secret for secret in (delivery.secret, delivery.former_secret) if secret]
        headers = signed_headers(
            event_id=str(delivery.id), at=int(time.time()), body=body, secrets=[decrypt(secret) for secret in stored]
        )
        answer = http.post(delivery.url, body, headers | {"Content-Type": "application/json", "User-Agent": USER_AGENT})
    except http.NotDelivered as error:
        return Outcome(None, str(error))
    except SecretUnreadable:
        return Outcome(None, "The secret was stored under a key that is no longer in FIELD_ENCRYPTION_KEYS.")
    if 200 <= answer.status < 300:
        return Outcome(answer.status)
    return Outcome(answer.status, GONE if answer.status == 410 else f"It answered {answer.status}.", answer.retry_after)


def record(delivery: Delivery, outcome: Outcome) -> None:
    """Write down what became of it. Opens the transaction: the event's row, then the endpoint's.

    Does nothing if another worker holds the lease by now. Raises django.db.Error.
    """
    with transaction.atomic():
        # Others may lock the endpoint at this moment: its admin page, another worker's record.
        end_if_idle()
        # What an address answered that the business has corrected since is no news of the new one.
        endpoint = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, url=delivery.url)
        moved = outcome.status == 410 and not endpoint.exists()
        changes = _changes(delivery, replace(outcome, status=None) if moved else outcome)
        # Whose claim it was is known by the lease: no two end at the same microsecond.
        mine = WebhookEvent.objects.filter(pk=delivery.id, leased_until=delivery.leased_until)
        if not mine.update(**changes):
            return
        if outcome.delivered:
            endpoint.exclude(failing_since=None).update(failing_since=None)
        else:
            endpoint.filter(failing_since=None).update(failing_since=Now())
        reason = _why_disabled(outcome) if changes["state"] == WebhookEvent.State.FAILED else ""
        disabled = bool(reason) and _disable(delivery, outcome, reason)
    _log(delivery, outcome, disabled)


def _changes(delivery: Delivery, outcome: Outcome) -> dict[str, Any]:
    said = {"last_status": outcome.status, "error": outcome.error, "leased_until": None, "updated_at": Now()}
    if outcome.delivered:
        return said | {"state": WebhookEvent.State.DELIVERED, "due_at": None, "delivered_at": Now()}
    if outcome.status == 410 or delivery.attempt > len(PAUSES):
        return said | {"state": WebhookEvent.State.FAILED, "due_at": None}
    pause = PAUSES[delivery.attempt - 1] * random.uniform(*_JITTER)  # noqa: S311 - not a secret
    due_at = Now() + timedelta(seconds=max(pause, outcome.pause))
    return said | {"state": WebhookEvent.State.PENDING, "due_at": due_at}


def _why_disabled(outcome: Outcome) -> str:
    if outcome.status == 410:
        return GONE
    return f"Nothing was delivered for {DISABLED_AFTER.days} days. The last try: {outcome.error}"


def _disable(delivery: Delivery, outcome: Outcome, reason: str) -> bool:
    """Caller holds the transaction.

    Not at the first failure after five quiet days, but when an event has failed, so after a day of tries at least.
    """
    active = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, url=delivery.url, active=True)
    if outcome.status != 410:
        active = active.filter(failing_since__lt=Now() - DISABLED_AFTER)
    changed = active.update(active=False, disabled_at=Now(), disabled_reason=reason, updated_at=Now())
    return bool(changed)


def _log(delivery: Delivery, outcome: Outcome, disabled: bool) -> None:
    """With the host only: the rest of a URL may be a secret of the business."""
    about = {
        "endpoint_id": str(delivery.endpoint_id),
        "host": urlsplit(delivery.url).hostname,
        "status": outcome.status,
    }
    event = {"event_id": str(delivery.id), "type": delivery.type, "attempt": delivery.attempt}
    if outcome.delivered:
        log.info("webhook_delivered", **about, **event)
    else:
        log.warning("webhook_not_delivered", error=outcome.error, **about, **event)
    if disabled:
        log.error("webhook_endpoint_disabled", **about)
