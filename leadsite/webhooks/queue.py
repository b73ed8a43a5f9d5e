"""The queue of events, as rows of `webhook_events`: claim, and record the outcome.

A worker claims events in a short transaction, posts them outside of a transaction, and records the outcomes in
another. If it is killed or suspended in between, its lease expires and the event is posted again: delivery is at
least once, and a repeated event has the same webhook-id.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from leadsite.core import clock
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent

log = structlog.get_logger(__name__)

# Longer than a request can take, slow DNS included.
LEASE_SECONDS: Final = 60
# Concurrent requests to one endpoint; to a failing endpoint, one. Those of a business: less than a worker's threads.
MAX_CONCURRENT: Final = 4
MAX_OF_BUSINESS: Final = 12
# The delay after each failed attempt, in seconds; after the last attempt the event has failed. 23.7 hours in total.
RETRY_DELAYS: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
_JITTER: Final = (0.8, 1.2)  # spreads the retries of events that failed together
# "If all attempts to a specific endpoint fail for 5 days" (Standard Webhooks, "Failing endpoints").
DISABLED_AFTER: Final = timedelta(days=5)
GONE: Final = gettext_noop("It answered 410 Gone.")

# The businesses alternate (`place`), so that the long queue of one does not delay the first event of another, and slow
# endpoints of one leave threads to the others. A business that is not active gets no events. Two workers that claim at
# the same time may exceed MAX_CONCURRENT together; no event is claimed twice.
_CLAIM: Final = """
    WITH open AS MATERIALIZED (
        SELECT e.*, CASE WHEN e.failing_since IS NULL THEN %(at_once)s ELSE 1 END - leased.events AS capacity,
               sum(leased.events) OVER (PARTITION BY e.user_id) AS leased_of_business
        FROM webhook_endpoints AS e JOIN users AS b ON b.id = e.user_id AND b.is_active
        CROSS JOIN LATERAL (
            SELECT count(*) AS events FROM webhook_events AS u
            WHERE u.endpoint_id = e.id AND u.leased_until IS NOT NULL AND u.due_at > statement_timestamp()) AS leased
        WHERE e.active AND (e.failing_since IS NOT NULL) = %(failing)s
    ), waiting AS MATERIALIZED (
        SELECT next.id, next.due_at, open.url, open.encrypted_headers AS headers, open.encrypted_secret AS secret,
               ARRAY(SELECT former.secret FROM unnest(open.former_secrets, open.former_until) AS former (secret, until)
                     WHERE former.until > statement_timestamp()) AS former_secrets,
               leased_of_business + row_number() OVER (PARTITION BY open.user_id ORDER BY next.due_at) AS place
        FROM open
        CROSS JOIN LATERAL (
            SELECT w.id, w.due_at FROM webhook_events AS w
            WHERE w.endpoint_id = open.id AND w.state = 'pending' AND w.due_at <= statement_timestamp()
            ORDER BY w.due_at LIMIT greatest(open.capacity, 0) FOR UPDATE SKIP LOCKED
        ) AS next
    ), due AS MATERIALIZED (
        SELECT * FROM waiting WHERE place <= %(of_business)s ORDER BY place, due_at LIMIT %(limit)s
    )
    UPDATE webhook_events AS w
    SET attempts = w.attempts + 1, due_at = statement_timestamp() + %(lease)s,
        leased_until = %(leased_until)s, updated_at = statement_timestamp()
    FROM due WHERE w.id = due.id
    RETURNING w.id, w.endpoint_id, w.type, w.attempts, w.leased_until, w.payload::text, due.url, due.secret,
              due.former_secrets, due.headers
"""
_GIVE_BACK: Final = """
    UPDATE webhook_events SET attempts = attempts - 1, due_at = statement_timestamp(), leased_until = NULL,
        updated_at = statement_timestamp()
    WHERE id = ANY (ARRAY(
        SELECT id FROM webhook_events WHERE leased_until = ANY (%s::timestamptz[]) FOR NO KEY UPDATE SKIP LOCKED))
"""
# `leased_until` identifies the claim: no two leases of an event end at the same microsecond.
_DELIVERED: Final = """
    UPDATE webhook_events AS w
    SET state = 'delivered', last_status = given.status, error = '', leased_until = NULL, due_at = NULL,
        delivered_at = statement_timestamp(), last_attempt_at = statement_timestamp(),
        updated_at = statement_timestamp()
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::integer[]) AS given (id, leased_until, status)
    WHERE w.id = given.id AND w.leased_until = given.leased_until RETURNING w.id
"""
# In the order of the ids: another worker may update the same endpoints. A changed URL has not answered.
_WORKS: Final = """
    UPDATE webhook_endpoints SET failing_since = NULL WHERE id = ANY (ARRAY(
        SELECT e.id FROM webhook_endpoints AS e JOIN unnest(%s::uuid[], %s::text[]) AS given (id, url)
            ON e.id = given.id AND e.url = given.url
        WHERE e.failing_since IS NOT NULL ORDER BY e.id FOR NO KEY UPDATE OF e))
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a worker has claimed, and its destination."""

    id: UUID
    endpoint_id: UUID
    type: str
    attempt: int
    leased_until: datetime
    body: str = field(repr=False)
    url: str = field(repr=False)
    secret: str = field(repr=False)  # encrypted, as it is stored
    former_secrets: Sequence[str] = field(repr=False)
    headers: str = field(repr=False)  # the integrator's own, encrypted


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is None without a response."""

    status: int | None
    error: str = ""
    delay: float = 0  # the endpoint's Retry-After, in seconds

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def lease_end() -> datetime:
    """Return when the lease of a claim that is made now ends, by the clock of this machine."""
    return clock.now() + timedelta(seconds=LEASE_SECONDS)


def claim(limit: int, *, failing: bool, leased_until: datetime | None = None) -> list[Delivery]:
    """Claim up to `limit` due events, for failing endpoints or for the others. Opens the transaction.

    `leased_until`: from `lease_end`, of this claim only. Raises django.db.Error: it may have claimed events then, which
    `give_back` finds by it.
    """
    limits = {"limit": limit, "at_once": MAX_CONCURRENT, "of_business": MAX_OF_BUSINESS}
    values: dict[str, Any] = limits | {"failing": failing, "lease": timedelta(seconds=LEASE_SECONDS)}
    values["leased_until"] = leased_until or lease_end()
    with transaction.atomic():
        # Due events in the order of their index: with statistics of a small table, PostgreSQL would read and sort all.
        end_if_idle(enable_sort="off", enable_seqscan="off")
        return [Delivery(*row) for row in fetch_rows(_CLAIM, values)]


def give_back(leases: Sequence[datetime]) -> None:
    """Make due again what was claimed with these leases: its worker does not know of it. Opens the transaction."""
    with transaction.atomic():
        end_if_idle()
        fetch_rows(_GIVE_BACK, [array(leases)])


def record(results: Sequence[tuple[Delivery, Outcome]]) -> None:
    """Record outcomes: all delivered events in one transaction, then each of the others in its own.

    Does nothing for those whose lease has been lost: it may be repeated. Locks events, then endpoints.
    """
    if delivered := [(delivery, outcome) for delivery, outcome in results if outcome.delivered]:
        _record_delivered(delivered)
    for delivery, outcome in results:
        if not outcome.delivered:
            _record_failure(delivery, outcome)


def _record_delivered(results: Sequence[tuple[Delivery, Outcome]]) -> None:
    deliveries = [delivery for delivery, _ in results]
    ids, leases = array(one.id for one in deliveries), array(one.leased_until for one in deliveries)
    statuses = array(outcome.status for _, outcome in results)
    with transaction.atomic():
        # Others may lock the endpoints at this moment: their admin page, another worker's record.
        end_if_idle()
        recorded = {id_ for (id_,) in fetch_rows(_DELIVERED, [ids, leases, statuses])}
        works = {(one.endpoint_id, one.url) for one in deliveries if one.id in recorded}
        if works:
            fetch_rows(_WORKS, [array(id_ for id_, _ in works), array(url for _, url in works)])
    for delivery, outcome in results:
        if delivery.id in recorded:
            _log(delivery, outcome, disabled=False)


def _record_failure(delivery: Delivery, outcome: Outcome) -> None:
    with transaction.atomic():
        # Others may lock the endpoint at this moment: its admin page, another worker's record.
        end_if_idle()
        # The answer of a URL that the business has changed since says nothing about the new URL.
        endpoint = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, url=delivery.url)
        url_changed = outcome.status == 410 and not endpoint.exists()
        changes = _changes(delivery, replace(outcome, status=None) if url_changed else outcome)
        mine = WebhookEvent.objects.filter(pk=delivery.id, leased_until=delivery.leased_until)
        if not mine.update(**changes):
            return
        endpoint.filter(failing_since=None).update(failing_since=Now())
        reason = _why_disabled(outcome) if changes["state"] == WebhookEvent.State.FAILED else ""
        disabled = bool(reason) and _disable(delivery, outcome, reason)
    _log(delivery, outcome, disabled)


def _changes(delivery: Delivery, outcome: Outcome) -> dict[str, Any]:
    changes: dict[str, Any] = {"last_status": outcome.status, "error": outcome.error, "leased_until": None}
    changes |= {"last_attempt_at": Now(), "updated_at": Now()}
    if outcome.status == 410 or delivery.attempt > len(RETRY_DELAYS):
        return changes | {"state": WebhookEvent.State.FAILED, "due_at": None}
    delay = RETRY_DELAYS[delivery.attempt - 1] * random.uniform(*_JITTER)  # noqa: S311 - not a secret
    due_at = Now() + timedelta(seconds=max(delay, outcome.delay))
    return changes | {"state": WebhookEvent.State.PENDING, "due_at": due_at}


def _why_disabled(outcome: Outcome) -> str:
    values = {"days": DISABLED_AFTER.days, "error": outcome.error}
    last = gettext_noop("No event was delivered for %(days)s days. The last attempt: %(error)s") % values
    return GONE if outcome.status == 410 else last


def _disable(delivery: Delivery, outcome: Outcome, reason: str) -> bool:
    """Caller holds the transaction.

    Only when an event has failed, that is, after at least a day of attempts: an endpoint without events for five days
    is not disabled at the first failure.
    """
    active = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, url=delivery.url, active=True)
    if outcome.status != 410:
        active = active.filter(failing_since__lt=Now() - DISABLED_AFTER)
    return bool(active.update(active=False, disabled_at=Now(), disabled_reason=reason, updated_at=Now()))


def _log(delivery: Delivery, outcome: Outcome, disabled: bool) -> None:
    """Log the host only: the rest of a URL may contain a secret of the business."""
    host = urlsplit(delivery.url).hostname
    about = {"endpoint_id": str(delivery.endpoint_id), "host": host, "status": outcome.status}
    event = {"event_id": str(delivery.id), "type": delivery.type, "attempt": delivery.attempt}
    if outcome.delivered:
        log.info("webhook_delivered", **about, **event)
    else:
        log.warning("webhook_not_delivered", error=outcome.error, **about, **event)
    if disabled:
        log.error("webhook_endpoint_disabled", **about)


def move_times(by: timedelta) -> None:
    """Move the times that are ahead of the database's clock, which was moved back. Caller holds the transaction."""
    WebhookEvent.objects.move_times(by, lease=timedelta(seconds=LEASE_SECONDS))
