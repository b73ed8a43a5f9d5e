"""One POST to an integrator's server: time-outs, and verification of the host name by TLS."""

import contextlib
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leadsite.webhooks import http
from tests.leadsite.webhooks.receiver import Receiver
from tests.whatsapp.outbound.providers.test_http import HEAD, HOST, send_slowly, server

NAME = "hooks.example.com"


@pytest.fixture(autouse=True)
def open_to_us(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100, b"HTTP/1.1"], ids=["head", "less"])
def test_a_slow_response_is_limited_by_the_time_out(data, monkeypatch):
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.5)
    began = time.monotonic()
    with server(send_slowly(data)) as port, pytest.raises(http.NotDelivered):
        http.post(f"http://{HOST}:{port}/", b"{}", {})
    assert time.monotonic() - began < 8


def test_the_status_counts_however_long_the_body_is(monkeypatch):
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.5)

    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(HEAD + b"half")
        connection.recv(1)

    with server(behave) as port:
        assert http.post(f"http://{HOST}:{port}/", b"{}", {}).status == 200


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", HEAD])
def test_a_slow_body_is_not_waited_for(head, monkeypatch):
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.5)
    began = time.monotonic()

    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(head)
        with contextlib.suppress(OSError):  # the connection is closed
            for _ in range(200):
                connection.sendall(b"x")
                time.sleep(0.1)

    with server(behave) as port:
        assert http.post(f"http://{HOST}:{port}/", b"{}", {}).status == 200
        assert time.monotonic() - began < 8


def test_the_response_may_take_longer_than_the_limit_for_connecting(receiver: Receiver, monkeypatch):
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.2)
    receiver.gate.clear()
    threading.Timer(0.6, receiver.gate.set).start()
    assert http.post(f"{receiver.address}/hook", b"{}", {}).status == 204


@pytest.mark.parametrize("answer", [b"what is this?\r\n\r\n", b"HTTP/1.1 99999 ??\r\n\r\n", b""])
def test_an_invalid_response_has_a_reason(answer):
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    with server(behave) as port, pytest.raises(http.NotDelivered, match="No answer"):
        http.post(f"http://{HOST}:{port}/", b"{}", {})


def certificate(folder: Path) -> Path:
    """A key and a self-signed certificate for NAME."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "both.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


def secure(path: Path, asked: list[str]) -> Callable[[socket.socket], None]:
    """Responds with 204 over TLS, and appends the requested server name to `asked`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.sni_callback = lambda wire, name, _: asked.append(name)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wire:
            request = b""
            # Head and body may arrive separately.
            while not request.endswith(b"{}"):
                request += wire.recv(65_536)
            asked.append(request.decode())
            wire.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    return behave


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """All names resolve to this machine."""
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **options: look_up(HOST, *rest, **options))


@pytest.mark.usefixtures("names")
def test_tls_verifies_the_name_although_the_connection_is_to_an_address(tmp_path, monkeypatch):
    asked: list[str] = []
    path = certificate(tmp_path)
    monkeypatch.setattr(http, "_TLS", ssl.create_default_context(cafile=path))
    with server(secure(path, asked)) as port:
        assert http.post(f"https://{NAME}:{port}/hook", b"{}", {}).status == 204
        assert asked[0] == NAME
        assert f"Host: {NAME}:{port}\r\n" in asked[1]
        with pytest.raises(http.NotDelivered, match="certificate is not valid"):
            http.post(f"https://other.example.com:{port}/hook", b"{}", {})


@pytest.mark.usefixtures("names")
def test_an_untrusted_certificate_is_refused(tmp_path):
    serving = server(secure(certificate(tmp_path), []))
    with serving as port, pytest.raises(http.NotDelivered, match="certificate is not valid"):
        http.post(f"https://{NAME}:{port}/hook", b"{}", {})
