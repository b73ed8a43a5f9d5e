"""A stub of Meta's Graph API. Its ledger has the messages that it accepted, whatever it responded."""

import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from tests.stub_server import Handler, running


@dataclass(frozen=True)
class Reaction:
    """The stub's reaction to one request."""

    status: int = 200
    body: bytes | None = None  # None: Meta's response to an accepted message
    accepts: bool = False  # the message is in the ledger
    seconds: float = 0.0  # before the response
    resets: str = ""  # "unread": before the request is read; "read": instead of a response
    headers: tuple[tuple[str, str], ...] = ()


def error(code: int, status: int = 400, title: str = "Some error", **more: Any) -> Reaction:
    """One of Meta's errors; nothing was accepted."""
    body = {"message": f"(#{code}) {title}", "type": "OAuthException", "code": code, "fbtrace_id": "A1"} | more
    return Reaction(status=status, body=json.dumps({"error": body}).encode())


ACCEPTED = Reaction(accepts=True)
GATEWAY_503 = Reaction(status=503, body=b"<html>Service Unavailable</html>")
GATEWAY_502 = Reaction(status=502, body=b"<html>Bad Gateway</html>")
TOO_MANY = Reaction(status=429, body=b"slow down", headers=(("Retry-After", "1"),))
SERVER_ERROR = error(2, status=500, title="Service temporarily unavailable")
GARBAGE = Reaction(body=b"<html>OK</html>", accepts=True)
RESET_UNREAD = Reaction(resets="unread")
RESET_READ = Reaction(resets="read")
RESET_ACCEPTED = Reaction(resets="read", accepts=True)
HANGS = Reaction(seconds=30, accepts=True)


@dataclass
class Graph:
    """A running stub. `queue_reactions` sets the next reactions; then `react` is called; the default accepts."""

    react: Callable[[], Reaction] | None = None
    # Called with an accepted message and its id, before the response.
    on_accept: Callable[[Any, str], None] | None = None
    tokens: set[str] | None = None  # None: any
    ledger: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    address: str = ""
    _queued: deque[Reaction] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def queue_reactions(self, *reactions: Reaction) -> None:
        self._queued.extend(reactions)

    def reaction(self) -> Reaction:
        with self._lock:
            self.requests += 1
            if self._queued:
                return self._queued.popleft()
        return self.react() if self.react else ACCEPTED

    def accept(self, request: dict[str, Any]) -> str:
        with self._lock:
            provider_id = f"wamid.{len(self.ledger) + 1:06d}"
            self.ledger.append(request | {"provider_id": provider_id, "at": time.monotonic()})
            return provider_id

    def has_had_requests(self, times: int) -> bool:
        return self.requests >= times

    def texts(self, recipient: str | None = None) -> list[str]:
        """The accepted texts, in order; to one recipient, or all."""
        return [
            entry["body"]["text"]["body"]
            for entry in self.ledger
            if recipient in (None, entry["body"].get("to"), entry["body"].get("recipient"))
        ]

    def duplicates(self) -> dict[str, int]:
        """The messages that it accepted more than once."""
        counts = Counter(entry["body"]["biz_opaque_callback_data"] for entry in self.ledger)
        return {message_id: count for message_id, count in counts.items() if count > 1}


class _Handler(Handler):
    protocol_version = "HTTP/1.1"
    graph: Graph

    def handle_one_request(self) -> None:
        # A reset before reading happens when the first byte arrives, not while a kept-alive connection is idle.
        if not self.connection.recv(1, socket.MSG_PEEK):
            self.close_connection = True
            return
        self.reaction = self.graph.reaction()
        if self.reaction.resets == "unread":
            self.reset()
        else:
            super().handle_one_request()

    def answer(self, body: bytes) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        reaction = self.reaction
        if self.graph.tokens is not None and token not in self.graph.tokens:
            reaction = error(190, status=401, title="Error validating access token")
        response = reaction.body
        if reaction.accepts:
            read: Any = json.loads(body) if body.startswith(b"{") else body.decode()
            provider_id = self.graph.accept({"path": self.path, "token": token, "body": read})
            if self.graph.on_accept:
                self.graph.on_accept(read, provider_id)
            contact = {"input": read.get("to", "")} if isinstance(read, dict) else {}
            accepted = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": provider_id}]}
            response = response if response is not None else json.dumps(accepted | {"sid": provider_id}).encode()
        if reaction.seconds:
            time.sleep(reaction.seconds)
        if reaction.resets:
            self.reset()
            return
        self.send_response(reaction.status)
        for name, value in reaction.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response or b"")))
        self.end_headers()
        self.wfile.write(response or b"")

    def reset(self) -> None:
        """Send RST instead of FIN: close(2) with SO_LINGER of zero seconds."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        if self.connection.fileno() != -1:
            super().finish()


@contextmanager
def graph_api(**options: Any) -> Iterator[Graph]:
    graph = Graph(**options)
    with running(_Handler, graph=graph) as graph.address:
        yield graph


def worker_environment(graph: Graph) -> dict[str, str]:
    """The environment of a worker that sends to the stub, with the keys of this process."""
    return {
        "WHATSAPP_BACKEND": "cloud",
        "WHATSAPP_API_BASE_URL": graph.address,
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
    }
