"""Posts due events: the part of a worker that calls integrators' endpoints.

It polls the table: the events are written by a trigger, which cannot queue a job.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import Error
from django.utils.translation import gettext_noop

from leadsite.core import clock
from leadsite.core.encryption import SecretUnreadable, decrypt
from leadsite.core.queue_worker import QueueWorker
from leadsite.webhooks import http, queue
from leadsite.webhooks.headers import unpack
from leadsite.webhooks.queue import Delivery, Outcome
from leadsite.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)

THREADS: Final = 16
# How many threads may post to failing endpoints: each may take the whole time-out, and must not delay the others.
FOR_FAILING: Final = THREADS // 2
USER_AGENT: Final = "leadsite-webhooks/1"

Result = tuple[Delivery, Outcome | None]


class Courier(QueueWorker[Delivery, Result]):
    """Posts events. An internal error has no outcome: the event is due again when its lease expires."""

    name = "courier"
    gather_seconds = 0.01

    def __init__(self) -> None:
        super().__init__(THREADS)
        # Deliveries in progress whose endpoint was failing when they were claimed.
        self._to_failing: set[UUID] = set()
        # Leases of claims that were not answered: a failover may have cut the connection after COMMIT. What they took
        # would wait for its lease, and its endpoint, which has so many at once, for all of them.
        self._unanswered: list[datetime] = []

    def claim(self, limit: int) -> list[Delivery]:
        if self._unanswered:
            queue.give_back(self._unanswered)
            self._unanswered.clear()
        claimed = self._claim(limit, failing=False)
        failing_limit = min(limit - len(claimed), FOR_FAILING - len(self._to_failing))
        if failing_limit > 0:
            try:
                to_failing = self._claim(failing_limit, failing=True)
            except Error as error:
                # What is claimed already would otherwise wait until its lease expires.
                if not claimed:
                    raise
                log.error("webhook_claim_failed", error=type(error).__name__)
                return claimed
            self._to_failing |= {delivery.id for delivery in to_failing}
            claimed += to_failing
        return claimed

    def _claim(self, limit: int, *, failing: bool) -> list[Delivery]:
        lease = queue.lease_end()
        try:
            return queue.claim(limit, failing=failing, leased_until=lease)
        except Error:
            self._unanswered.append(lease)
            raise

    def perform(self, item: Delivery) -> Result:
        try:
            return item, deliver(item)
        except Exception:
            log.exception("webhook_broken", event_id=str(item.id))
            return item, None

    def record(self, results: Sequence[Result]) -> None:
        self._to_failing -= {delivery.id for delivery, _ in results}
        queue.record([(delivery, outcome) for delivery, outcome in results if outcome is not None])

    def expire(self) -> None:
        self.follow_clock()

    def move_times(self, by: timedelta) -> None:
        queue.move_times(by)

    def describe(self, result: Result) -> dict[str, str]:
        return {"event_id": str(result[0].id)}


def deliver(delivery: Delivery) -> Outcome:
    """Sign and post the event, once. Needs no database."""
    body = delivery.body.encode()
    try:
        secrets = [decrypt(secret) for secret in (delivery.secret, *delivery.former_secrets)]
        at = int(clock.now().timestamp())
        headers = signed_headers(event_id=str(delivery.id), at=at, body=body, secrets=secrets)
        ours = headers | {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        answer = http.post(delivery.url, body, unpack(delivery.headers) | ours)
    except http.NotDelivered as error:
        return Outcome(None, str(error))
    except SecretUnreadable:
        key_is_gone = gettext_noop("The secret was stored under a key that is no longer in FIELD_ENCRYPTION_KEYS.")
        return Outcome(None, key_is_gone)
    if 200 <= answer.status < 300:
        return Outcome(answer.status)
    said = queue.GONE if answer.status == 410 else gettext_noop("It answered %(status)s.") % {"status": answer.status}
    return Outcome(answer.status, said, answer.retry_after)
