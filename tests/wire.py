"""A wire between a site and the test's database that can lose what the server answers to a COMMIT."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.sessions import database_url

HOST = "127.0.0.1"
# As psycopg sends it: a query of its own, after everything that the transaction did.
COMMIT = b"COMMIT"


class Wire:
    """Forwards everything, until `hold_commits`: from then on a COMMIT goes through, and its answer does not."""

    def __init__(self) -> None:
        self._upstream = conninfo_to_dict(database_url())
        self._listener = socket.create_server((HOST, 0))
        self._holding = threading.Event()
        self.committed = threading.Event()

    def url(self) -> str:
        """The database by way of this wire."""
        login, name = quote(str(self._upstream["user"])), quote(str(self._upstream["dbname"]))
        if password := self._upstream.get("password"):
            login += f":{quote(str(password), safe='')}"
        port = self._listener.getsockname()[1]
        return f"postgresql://{login}@{HOST}:{port}/{name}?sslmode=disable"

    def hold_commits(self) -> None:
        self._holding.set()

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                server = self._connect()
                held = threading.Event()
                for source, target in ((client, server), (server, client)):
                    ends = (source, target, held, source is client)
                    threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = str(self._upstream.get("host") or HOST), int(self._upstream.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _forward(self, source: socket.socket, target: socket.socket, held: threading.Event, is_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if is_client and self._holding.is_set() and COMMIT in data:
                    held.set()
                if not is_client and held.is_set():
                    self.committed.set()
                    continue
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                # Not close: the other direction's thread may be waiting in it, and would keep it open.
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def wire() -> Iterator[Wire]:
    opened = Wire()
    threading.Thread(target=opened.serve, daemon=True).start()
    try:
        yield opened
    finally:
        opened.close()
