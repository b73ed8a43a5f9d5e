"""A load of keep-alive clients that create leads of customers nobody has seen, each waiting for its answer."""

import asyncio
import json
import time
from dataclasses import dataclass
from itertools import count
from typing import Final, cast

import uvloop

PATIENCE_SECONDS: Final = 30
# Numbers of 12 digits, so that no run of any contender meets a customer of another.
_phones = count(int(time.time() * 100) % 10**9 * 1000 + 10**11)


@dataclass(frozen=True)
class Load:
    """Created leads, and for how many seconds the clients worked."""

    created: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.created / self.seconds


class Client(asyncio.Protocol):
    """One keep-alive connection: sends the next request as soon as the answer to the last is whole."""

    def __init__(self, head: str, deadline: float) -> None:
        self.created = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = head
        self._deadline = deadline
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not _is_whole(self._buffer):
            return
        if not self._buffer.startswith(b"HTTP/1.1 201"):
            self._finish(RuntimeError(f"The site answered {self._buffer[:500]!r}"))
            return
        self.created += 1
        self._buffer = b""
        if time.perf_counter() < self._deadline:
            self._send()
        else:
            self._finish(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(error or RuntimeError("The site closed the connection."))

    def _send(self) -> None:
        body = json.dumps(
            {
                "customer_phone": f"+{next(_phones)}",
                "customer_name": "John Doe",
                "type": "order",
                "details": "Customer wants to place an order",
            }
        )
        self._transport.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def _finish(self, error: Exception | None) -> None:
        if self.finished.done():
            return
        if error:
            self.finished.set_exception(error)
        else:
            self.finished.set_result(None)
        self._transport.close()


def _is_whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


def create_leads(port: int, *, api_key: str | None, clients: int, seconds: float) -> Load:
    """Let `clients` connections create leads at 127.0.0.1:`port` for `seconds`.

    Raises RuntimeError on any refusal, TimeoutError where an answer does not come.
    """
    head = f"POST /api/leads HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    if api_key:
        head += f"Authorization: Bearer {api_key}\r\n"

    async def run() -> Load:
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        connections = [
            await loop.create_connection(lambda: Client(head, started + seconds), "127.0.0.1", port)
            for _ in range(clients)
        ]
        everyone = asyncio.gather(*(client.finished for _, client in connections))
        await asyncio.wait_for(everyone, seconds + PATIENCE_SECONDS)
        return Load(sum(client.created for _, client in connections), time.perf_counter() - started)

    return uvloop.run(run())
