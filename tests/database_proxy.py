"""A proxy between a site and the test database that can drop the server's response to COMMIT, or cut it off."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from unittest.mock import patch
from urllib.parse import quote

from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from tests.sessions import database_url

HOST = "127.0.0.1"
# psycopg sends it as a separate query at the end of the transaction.
COMMIT = b"COMMIT"
# What a server that is shut down says before it closes the connection (PostgreSQL manual, "Message Formats").
_FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
SHUTDOWN = b"E" + (len(_FIELDS) + 4).to_bytes(4) + _FIELDS


class DatabaseProxy:
    """Forwards everything. After `drop_commit_responses` it forwards each COMMIT, but not the response to it; after
    `shut_down_behind_commits` the response is followed by a shutdown.
    """

    def __init__(self) -> None:
        self._upstream = conninfo_to_dict(database_url())
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._dropping = threading.Event()
        self._shutting_down = threading.Event()
        self.committed = threading.Event()

    def url(self) -> str:
        """The address of the database through this proxy."""
        login, name = quote(str(self._upstream["user"])), quote(str(self._upstream["dbname"]))
        if password := self._upstream.get("password"):
            login += f":{quote(str(password), safe='')}"
        return f"postgresql://{login}@{HOST}:{self.port}/{name}?sslmode=disable"

    def drop_commit_responses(self) -> None:
        self._dropping.set()

    def shut_down_behind_commits(self) -> None:
        self._shutting_down.set()
        self._dropping.set()

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        drops = threading.Event()
        with client, self._connect() as server:
            back = threading.Thread(target=self._forward, args=(server, client, drops, False), daemon=True)
            back.start()
            self._forward(client, server, drops, is_client=True)
            back.join()

    def _connect(self) -> socket.socket:
        host, port = str(self._upstream.get("host") or HOST), int(self._upstream.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _forward(self, source: socket.socket, target: socket.socket, drops: threading.Event, is_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if is_client and self._dropping.is_set() and COMMIT in data:
                    drops.set()
                if not is_client and drops.is_set():
                    self.committed.set()
                    if self._shutting_down.is_set():
                        target.sendall(b"".join(data.partition(COMMIT + b"\0")[:2]) + SHUTDOWN)
                        break
                    continue
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                # Not close(), because the thread of the other direction may be in recv() and would keep it open.
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def database_proxy() -> Iterator[DatabaseProxy]:
    proxy = DatabaseProxy()
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def unconfirmed_commits() -> Iterator[None]:
    """This thread's transactions commit, and their connection is lost before the answer to COMMIT is complete, as in a
    switchover. Needs the fixture transactional_db.
    """
    with database_proxy() as proxy:
        options = connection.settings_dict["OPTIONS"] | {"host": HOST, "port": proxy.port, "sslmode": "disable"}
        with patch.dict(connection.settings_dict, {"OPTIONS": options, "HOST": "", "PORT": ""}):
            connection.close()
            proxy.shut_down_behind_commits()
            try:
                yield
            finally:
                connection.close()
