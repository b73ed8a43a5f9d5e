"""Sends requests over keep-alive connections, each of which waits for the answer before the next request."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import uvloop

PATIENCE_SECONDS: Final = 30
# Numbers of 12 digits that no other run and no other contender uses.
_phones = itertools.count(int(time.time() * 100) % 10**9 * 1000 + 10**11)


@dataclass(frozen=True)
class Load:
    """The number of answered requests, how many seconds the clients ran, and each latency in seconds."""

    done: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.done / self.seconds


class Client(asyncio.Protocol):
    """One keep-alive connection: sends the next request as soon as the answer to the last is complete. Where an answer
    ends the connection (leadsite/server/spreading.py), the next request goes over a new one.
    """

    def __init__(self, requests: Iterator[bytes], deadline: float, port: int) -> None:
        self.latencies: list[float] = []
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._deadline = deadline
        self._buffer = b""
        self._port = port
        self._connecting: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connecting = None
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not _is_complete(self._buffer):
            return
        if not self._buffer.startswith(b"HTTP/1.1 20"):
            self._finish(RuntimeError(f"The site answered {self._buffer[:500]!r}"))
            return
        self.latencies.append(time.perf_counter() - self._sent_at)
        ends = b"\r\nconnection: close\r\n" in self._buffer.partition(b"\r\n\r\n")[0].lower() + b"\r\n"
        self._buffer = b""
        if time.perf_counter() >= self._deadline:
            self._finish(None)
        elif ends:
            self._connecting = asyncio.create_task(self.connect())
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if self._connecting is None:
            self._finish(error or RuntimeError("The site closed the connection."))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._finish(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _finish(self, error: Exception | None) -> None:
        if self.finished.done():
            return
        if error:
            self.finished.set_exception(error)
        else:
            self.finished.set_result(None)
        self._transport.close()


def _is_complete(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


def post(port: int, requests: Iterator[bytes], *, clients: int, seconds: float) -> Load:
    """Let `clients` connections send the requests to 127.0.0.1:`port` for `seconds`, or until there are no more.

    Raises RuntimeError for a status other than 2xx, TimeoutError for a missing answer.
    """

    async def run() -> Load:
        started = time.perf_counter()
        everyone = [Client(requests, started + seconds, port) for _ in range(clients)]
        for client in everyone:
            await client.connect()
        await asyncio.wait_for(asyncio.gather(*(client.finished for client in everyone)), seconds + PATIENCE_SECONDS)
        latencies = [latency for client in everyone for latency in client.latencies]
        return Load(len(latencies), time.perf_counter() - started, latencies)

    return uvloop.run(run())


def request(port: int, path: str, body: bytes, **headers: str) -> bytes:
    """The bytes of a POST request."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def get(port: int, path: str, **headers: str) -> bytes:
    """The bytes of a GET request."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def new_phone() -> str:
    """Digits of an unused phone number."""
    return str(next(_phones))


def new_leads(port: int, *, api_key: str | None) -> Iterator[bytes]:
    """Yield requests POST /api/leads without end, each for a new customer."""
    while True:
        yield new_lead(port, api_key=api_key)


def new_lead(port: int, *, api_key: str | None) -> bytes:
    """The bytes of a POST /api/leads for a new customer."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    lead = {
        "customer_phone": f"+{new_phone()}",
        "customer_name": "John Doe",
        "type": "order",
        "details": "Customer wants to place an order",
    }
    return request(port, "/api/leads", json.dumps(lead).encode(), **headers)


def new_message(port: int, api_key: str, phone: str) -> bytes:
    """The bytes of a POST /api/whatsapp: a text to a customer."""
    body = json.dumps({"to": f"+{phone}", "message": "Your cake is ready"}).encode()
    return request(port, "/api/whatsapp", body, Authorization=f"Bearer {api_key}")
