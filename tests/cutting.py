"""A proxy in front of a site that loses answers on their way to the client."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

HOST = "127.0.0.1"


class CuttingProxy:
    """One request a connection. The site always gets the request; the client gets every second answer, by chance."""

    def __init__(self, site: str, seed: int) -> None:
        parts = urlsplit(site)
        self._site = (parts.hostname or HOST, parts.port or 80)
        self._chance = random.Random(seed)
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self.address = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self.cut = 0

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=[client, self._chance.random() < 0.5], daemon=True).start()

    def _handle(self, client: socket.socket, cuts: bool) -> None:
        with suppress(OSError), client, socket.create_connection(self._site) as server:
            server.sendall(_read_whole(client))
            answer = _read_whole(server)
            if cuts:
                self.cut += 1
            else:
                client.sendall(answer)

    def close(self) -> None:
        self._listener.close()


def _read_whole(source: socket.socket) -> bytes:
    message = b""
    while not _is_whole(message):
        part = source.recv(65_536)
        if not part:
            raise ConnectionError("The other end has closed before its message was whole.")
        message += part
    return message


def _is_whole(message: bytes) -> bool:
    head, separator, body = message.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(separator) and len(body) >= int(lengths[0] if lengths else 0)


@contextmanager
def cutting(site: str, seed: int = 1) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(site, seed)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
