"""An integrator's server on 127.0.0.1, which verifies events with the package of Standard Webhooks."""

import json
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.stub_server import Handler, running


@dataclass
class Receiver:
    """A running receiver. `queue_answers` queues responses (status and headers); without any it responds with 204."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""
    # While it is not set, requests wait for their response.
    gate: threading.Event = field(default_factory=threading.Event)
    _queued: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def queue_answers(self, *statuses: int, **headers: str) -> None:
        self._queued.extend((status, headers) for status in statuses)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        with self._lock:
            self.requests.append({"path": path, "headers": headers, "body": body})
            answer = self._queued.popleft() if self._queued else (204, {})
        self.gate.wait(30)
        return answer

    def events(self, secret: str, path: str = "/hook") -> list[dict[str, Any]]:
        """The events posted to this path, with their signatures verified."""
        mine = [request for request in self.requests if request["path"] == path]
        return [Webhook(secret).verify(request["body"], request["headers"]) for request in mine]

    def ids(self) -> list[str]:
        return [request["headers"]["webhook-id"] for request in self.requests]

    def duplicates(self) -> dict[str, int]:
        return {id_: count for id_, count in Counter(self.ids()).items() if count > 1}

    def bodies(self) -> list[Any]:
        return [json.loads(request["body"]) for request in self.requests]


class _Handler(Handler):
    receiver: Receiver

    def answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answered = self.receiver.take(self.path, headers, body)
        self.send_response(status)
        for name, value in answered.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.gate.set()
    with running(_Handler, receiver=receiver) as receiver.address:
        try:
            yield receiver
        finally:
            receiver.gate.set()
