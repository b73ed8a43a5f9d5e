"""The part of a worker that sends queued messages."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from leadsite.core.queue_worker import QueueWorker
from whatsapp.outbound import providers, queue
from whatsapp.outbound.outcomes import Failed, Outgoing

THREADS: Final = 16
OPTED_OUT: Final = "opted_out: The customer opted out of marketing messages after this was queued, so it was not sent."

Claimed = tuple[Outgoing, float]


class Sender(QueueWorker[Claimed, queue.Result]):
    """Sends messages. An item is a claimed message with the time of its claim (time.monotonic())."""

    name = "sender"
    # So many messages as come back while results are gathered, recorded, and others claimed.
    ahead = 8
    gather_seconds = 0.02

    def __init__(self, threads: int = THREADS) -> None:
        super().__init__(threads)

    def claim(self, room: int) -> list[Claimed]:
        claimed_at = time.monotonic()
        return [(message, claimed_at) for message in queue.claim(room)]

    def perform(self, item: Claimed) -> queue.Result:
        if self.is_stopping:
            return queue.not_attempted(item[0])
        return send_in_turn(*item)

    def record(self, results: Sequence[queue.Result]) -> None:
        queue.record(results)

    def describe(self, result: queue.Result) -> dict[str, str]:
        return {"message_id": str(result[0].id)}

    def expire(self) -> None:
        self.follow_clock()
        queue.expire_leases()

    def move_times(self, by: timedelta) -> None:
        queue.move_times(by)


def send_in_turn(message: Outgoing, claimed_at: float) -> queue.Result:
    """Wait as long as the rate limit requires and send the message, unless it is too late by then.

    `claimed_at`: by time.monotonic().
    """
    if message.opted_out:
        return message, Failed(OPTED_OUT)
    time.sleep(max(0.0, claimed_at + message.wait - time.monotonic()))
    if time.monotonic() > claimed_at + queue.BEGIN_SECONDS:
        return queue.not_attempted(message)
    return message, providers.send(message)
