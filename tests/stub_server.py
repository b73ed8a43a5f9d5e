"""An HTTP server in a thread, the base of the stubs of providers and integrators."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


class Handler(BaseHTTPRequestHandler):
    """Passes complete requests to `answer`. An incomplete one is of a client that was killed while sending: it was not
    received, so a stub must not record it."""

    def answer(self, body: bytes) -> None:
        raise NotImplementedError

    def do_POST(self) -> None:  # the name is http.server's
        length = self.headers["Content-Length"]
        body = self.rfile.read(int(length)) if length else b""
        if length is None or len(body) < int(length):
            self.close_connection = True
        else:
            self.answer(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the closed connections of killed workers."""


@contextmanager
def running(handler: type[Handler], **attributes: Any) -> Iterator[str]:
    """Serve with this handler, whose class gets the attributes. Yields the address."""
    with _Server((HOST, 0), type("Running", (handler,), attributes)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
