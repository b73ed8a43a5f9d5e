"""An integrator's program: its endpoint records each event that a courier posts.

Promised is at least once (docs/webhooks.md): the event of each acknowledged lead arrives, and again only with its id.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.long.faults.importing import IMPORT
from tests.long.faults.ledger import Attempt, Told
from tests.stub_server import Handler, running

EVENT = "lead.created"


@dataclass(frozen=True)
class Events:
    """Numbers of leads that were acknowledged. `missing`: no event came. `again`: its event came more than once, with
    the same id. `doubled`: two events. `latest`: the longest time from the answer to the event.
    """

    missing: int
    again: int
    doubled: int
    latest: float


@dataclass
class Integrator:
    address: str = ""
    # When events came: by the details of the lead, then by the event's id.
    _arrivals: defaultdict[str, defaultdict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, event_id: str, body: bytes) -> None:
        details = json.loads(body)["data"]["details"]
        with self._lock:
            self._arrivals[details][event_id].append(time.monotonic())

    def has(self, details: str) -> bool:
        with self._lock:
            return details in self._arrivals

    def events_of(self, attempts: Iterable[Attempt]) -> Events:
        """What came of the leads that these attempts were told are stored."""
        stored = [one for one in attempts if one.told is Told.STORED]
        answered = {f"{one.write}.{number}": one for one in stored for number in range(one.rows)}
        with self._lock:
            came = {details: dict(self._arrivals[details]) for details in answered if details in self._arrivals}
        # An import is acknowledged as a whole, after most of its events.
        waits = [
            min(moment for times in came[details].values() for moment in times) - one.began - one.seconds
            for details, one in answered.items()
            if details in came and one.entry != IMPORT
        ]
        return Events(
            missing=len(answered) - len(came),
            again=sum(any(len(times) > 1 for times in ids.values()) for ids in came.values()),
            doubled=sum(len(ids) > 1 for ids in came.values()),
            latest=max(waits, default=0.0),
        )


class _Endpoint(Handler):
    integrator: Integrator

    def answer(self, body: bytes) -> None:
        self.integrator.take(self.headers["webhook-id"], body)
        self.send_response(204)
        self.end_headers()


@contextmanager
def integrator() -> Iterator[Integrator]:
    made = Integrator()
    with running(_Endpoint, integrator=made) as address:
        made.address = f"{address}/hook"
        yield made
