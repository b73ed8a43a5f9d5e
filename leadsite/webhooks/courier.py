"""Posts events that are due: the part of a worker that calls integrators' endpoints.

It looks by itself: a trigger writes the events, and cannot queue a job.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from leadsite.core.queue_worker import QueueWorker
from leadsite.webhooks import queue
from leadsite.webhooks.queue import Delivery, Outcome

log = structlog.get_logger(__name__)

THREADS: Final = 16
# How many of them may wait for endpoints that fail: these take the whole time-out, and the others need their turn.
FOR_FAILING: Final = THREADS // 2

Result = tuple[Delivery, Outcome | None]


class Courier(QueueWorker[Delivery, Result]):
    """Posts events. Without an outcome where we are what is broken: the event is due again when its lease is over."""

    name = "courier"

    def __init__(self) -> None:
        super().__init__(THREADS)
        # Those in progress whose endpoint was failing when they were claimed.
        self._to_failing: set[UUID] = set()

    def claim(self, room: int) -> list[Delivery]:
        claimed = queue.claim(room, failing=False)
        room_for_failing = min(room - len(claimed), FOR_FAILING - len(self._to_failing))
        if room_for_failing > 0:
            to_failing = queue.claim(room_for_failing, failing=True)
            self._to_failing |= {delivery.id for delivery in to_failing}
            claimed += to_failing
        return claimed

    def perform(self, item: Delivery) -> Result:
        try:
            return item, queue.deliver(item)
        except Exception:
            log.exception("webhook_broken", event_id=str(item.id))
            return item, None

    def record(self, results: Sequence[Result]) -> None:
        """Each in a transaction of its own: two workers may record for the same endpoints in another order."""
        self._to_failing -= {delivery.id for delivery, _ in results}
        for delivery, outcome in results:
            if outcome is not None:
                queue.record(delivery, outcome)

    def describe(self, result: Result) -> dict[str, str]:
        return {"event_id": str(result[0].id)}
