"""The part of a worker that sends queued messages."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from leadsite.core.queue_worker import QueueWorker
from whatsapp.outbound import providers, queue
from whatsapp.outbound.outcomes import Failed, Outgoing

SENDS: Final = 16
DELETED: Final = "deleted: The conversation was deleted after this was queued, so it was not sent."
OPTED_OUT: Final = "opted_out: The customer opted out of marketing messages after this was queued, so it was not sent."

Claimed = tuple[Outgoing, float]


class Sender(QueueWorker[Claimed, queue.Result]):
    """Sends messages. An item is a claimed message with the time of its claim (time.monotonic()).

    `sends`: how many of one business are sent at a time. There are half as many threads more. Half of these are for
    what comes back while results are gathered, recorded, and others claimed; the other half is left to other
    businesses, whose messages do not wait then for a provider that does not answer.
    """

    name = "sender"
    gather_seconds = 0.02

    def __init__(self, sends: int = SENDS) -> None:
        spare = max(1, sends // 4)
        super().__init__(sends + 2 * spare)
        self._of_business = sends + spare
        self._in_flight_of = Counter[UUID]()
        self._counting = threading.Lock()

    def claim(self, room: int) -> list[Claimed]:
        claimed_at = time.monotonic()
        with self._counting:
            in_flight = +self._in_flight_of
        claimed = queue.claim(room, of_business=self._of_business, in_flight=in_flight)
        with self._counting:
            self._in_flight_of = +self._in_flight_of + Counter(message.user_id for message in claimed)
        return [(message, claimed_at) for message in claimed]

    def perform(self, item: Claimed) -> queue.Result:
        message = item[0]
        try:
            return queue.not_attempted(message) if self.is_stopping else send_in_turn(*item)
        finally:
            with self._counting:
                self._in_flight_of[message.user_id] -= 1

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
    if message.withheld:
        return message, Failed(DELETED if message.withheld == "deleted" else OPTED_OUT)
    time.sleep(max(0.0, claimed_at + message.wait - time.monotonic()))
    if time.monotonic() > claimed_at + queue.BEGIN_SECONDS:
        return queue.not_attempted(message)
    return message, providers.send(replace(message, begin_until=queue.begin_until(message, claimed_at)))
