"""Requests to a provider with failures below HTTP: whether the message was sent, and the maximum duration."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from requests.auth import HTTPBasicAuth

from whatsapp.outbound.outcomes import NotSent, Uncertain
from whatsapp.outbound.providers import http
from whatsapp.outbound.providers.http import Request, post

HOST = "127.0.0.1"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that calls `behave` for each connection, in a separate thread."""
    listener = socket.create_server((HOST, 0))

    def handle(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            behave(connection)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=handle, args=[listener.accept()[0]], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def send_request(port: int, scheme: str = "http") -> None:
    post(Request(f"{scheme}://{HOST}:{port}/v26.0/1/messages", auth=HTTPBasicAuth("user", "secret"), json={"a": 1}))


@pytest.fixture(autouse=True)
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("CONNECT_SECONDS", 0.5), ("READ_SECONDS", 0.5), ("TOTAL_SECONDS", 1.0)):
        monkeypatch.setattr(http, name, seconds)


def send_slowly(data: bytes) -> Callable[[socket.socket], None]:
    """Send one byte every 100 ms, so that no single wait is long."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        lambda connection: time.sleep(3 if connection.recv(65_536) else 0),
        lambda connection: connection.recv(65_536) and connection.close(),
        lambda connection: connection.recv(65_536) and connection.sendall(HEAD + b"half"),
        lambda connection: connection.recv(65_536) and connection.sendall(b"not HTTP\r\n\r\n"),
    ],
    ids=["no response", "closed connection", "incomplete response", "not HTTP"],
)
def test_a_sent_request_without_a_complete_response_is_uncertain(behave):
    with server(behave) as port, pytest.raises(Uncertain):
        send_request(port)


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100, HEAD + b"x" * 1000], ids=["head", "body"]
)
def test_the_time_for_a_slow_response_is_limited(data):
    started = time.monotonic()
    with server(send_slowly(data)) as port, pytest.raises(Uncertain):
        send_request(port)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    "behave",
    [
        lambda connection: time.sleep(3),
        lambda connection: connection.recv(1) and connection.close(),
        lambda connection: connection.recv(65_536) and connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ],
    ids=["no response", "closed connection", "plain HTTP"],
)
def test_nothing_was_sent_if_the_handshake_fails(behave):
    with server(behave) as port, pytest.raises(NotSent):
        send_request(port, "https")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_is_sent_when_the_name_is_resolved_after_the_deadline(monkeypatch, scheme):
    """The lease of the message may have ended by then, and the message have been sent again."""
    resolve, received = socket.getaddrinfo, []

    def resolve_slowly(*args, **options):
        time.sleep(http.TOTAL_SECONDS + 0.5)
        return resolve(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_slowly)
    with server(lambda connection: received.append(connection.recv(65_536))) as port, pytest.raises(NotSent):
        send_request(port, scheme)
    assert [data for data in received if data.startswith(b"POST")] == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/", "unknown://x/", "http://[::1"])
def test_nothing_was_sent_without_a_connection(url):
    with pytest.raises(NotSent) as caught:
        post(Request(url, auth=HTTPBasicAuth("user", "secret"), json={}))
    assert "secret" not in str(caught.value)


def test_a_token_that_is_not_a_valid_header_is_not_in_the_error():
    class Broken(HTTPBasicAuth):
        def __call__(self, request):
            request.headers["Authorization"] = "Bearer secret\nsecret"
            request.headers["X-Other"] = "\u200b".encode("ascii").decode()
            return request

    with pytest.raises(NotSent) as caught:
        post(Request(f"http://{HOST}:9/", auth=Broken("user", "secret"), json={}))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_kept_alive_connection_is_reused():
    accepted = []

    def behave(connection: socket.socket) -> None:
        accepted.append(connection)
        # Headers and body may arrive separately.
        while data := connection.recv(65_536):
            if data.endswith(b'{"a": 1}'):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with server(behave) as port:
        for _ in range(3):
            send_request(port)
    assert len(accepted) == 1
