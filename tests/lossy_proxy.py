"""A proxy in front of a site that loses responses on their way to the client."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

HOST = "127.0.0.1"


class LossyProxy:
    """One request per connection. The site gets each request; the client gets a random half of the answers."""

    def __init__(self, site: str, seed: int) -> None:
        parts = urlsplit(site)
        self._site = (parts.hostname or HOST, parts.port or 80)
        self._chance = random.Random(seed)
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self.address = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self.lost = 0

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=[client, self._chance.random() < 0.5], daemon=True).start()

    def _handle(self, client: socket.socket, loses_answer: bool) -> None:
        with suppress(OSError), client, socket.create_connection(self._site) as server:
            server.sendall(_read_message(client))
            answer = _read_message(server)
            if loses_answer:
                self.lost += 1
            else:
                client.sendall(answer)

    def close(self) -> None:
        self._listener.close()


def _read_message(source: socket.socket) -> bytes:
    message = b""
    while not _is_complete(message):
        part = source.recv(65_536)
        if not part:
            raise ConnectionError("The connection was closed before the message was complete.")
        message += part
    return message


def _is_complete(message: bytes) -> bool:
    head, separator, body = message.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(separator) and len(body) >= int(lengths[0] if lengths else 0)


@contextmanager
def lossy_proxy(site: str, seed: int = 1) -> Iterator[LossyProxy]:
    proxy = LossyProxy(site, seed)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
