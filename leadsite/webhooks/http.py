"""Sends one POST request to a webhook endpoint and returns the status of the response.

The package requests-hardened filters addresses too, but it checks only the first address of a name, by a deny list,
and does not limit the total time of a slow response.
"""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from leadsite.core.deadlines import deadline
from leadsite.webhooks.addresses import NO_PUBLIC_ADDRESS, AddressRefused, port_of, resolve, split

CONNECT_SECONDS: Final = 5.0
# From the DNS query to the end of the response headers; the lease of an event is longer.
TOTAL_SECONDS: Final = 10.0
LONGEST_RETRY_AFTER: Final = 3600.0
# The certificate authorities of `requests`, as for the providers: the image may have none.
_TLS: Final = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


class NotDelivered(Exception):
    """There was no response; the message for the business says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after: float  # seconds; 0 without the header


class _CheckedConnection(http.client.HTTPConnection):
    """Connects to an address that was checked: the name is not resolved again between the check and the connection,
    which prevents DNS rebinding. The header Host and TLS use the name.
    """

    def __init__(self, host: str, port: int, *, secure: bool, end: float) -> None:
        super().__init__(host, port)
        self.secure, self.end = secure, end
        self.default_port = 443 if secure else 80  # which the header Host leaves out

    def connect(self) -> None:
        self.sock = self._connect()
        self.sock.settimeout(self._remaining())
        if self.secure:
            self.sock = _TLS.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def _connect(self) -> socket.socket:
        problem: OSError | None = None
        for address in resolve(self.host, self.port):
            try:
                return socket.create_connection((str(address), self.port), min(CONNECT_SECONDS, self._remaining()))
            except OSError as error:
                problem = error
        raise problem or OSError("The host has no address.")

    def _remaining(self) -> float:
        if (left := self.end - time.monotonic()) <= 0:
            raise TimeoutError
        return left


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST once; redirects are not followed. Raises NotDelivered."""
    try:
        parts = split(url)
        connection = _CheckedConnection(
            parts.hostname or "",
            port_of(parts),
            secure=parts.scheme == "https",
            end=time.monotonic() + TOTAL_SECONDS,
        )
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        return _request(connection, target, body, headers)
    except AddressRefused as error:
        raise NotDelivered(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotDelivered(_reason(error)) from error


def _request(connection: _CheckedConnection, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        # A socket's time-out applies to each wait; the deadline limits all of them together.
        with deadline(TOTAL_SECONDS, lambda: _shut_down(connection)):
            connection.request("POST", target, body, {**headers, "Connection": "close"})
            # The body is not read: it may arrive slowly for hours, and the socket then belongs to the response, so
            # that _shut_down could not end it.
            with connection.getresponse() as response:
                return Answer(response.status, _seconds(response.headers.get("Retry-After", "")))
    finally:
        connection.close()


def _shut_down(connection: _CheckedConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            # Not the TLS socket's own shutdown, which would break the TLS session while the other thread reads.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _seconds(retry_after: str) -> float:
    """Parse Retry-After (RFC 9110, section 10.2.3) in seconds; a date counts as 0."""
    return min(float(retry_after), LONGEST_RETRY_AFTER) if re.fullmatch("[0-9]{1,9}", retry_after.strip()) else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return NO_PUBLIC_ADDRESS
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate is not valid: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}."
    if isinstance(error, TimeoutError):
        return "No answer in time."
    if isinstance(error, ConnectionRefusedError):
        return "The connection was refused."
    return f"No answer: {type(error).__name__}."
