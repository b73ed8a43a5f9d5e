"""Sends one POST request to a webhook endpoint and returns the status of its answer.

Not with requests-hardened, which filters addresses too: it checks only the first address of a name, by a deny list, and
does not limit the total time of a slow answer.
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
from leadsite.webhooks.addresses import AddressRefused, port_of, resolve, split

CONNECT_SECONDS: Final = 5.0
# From the first look at the name service to the end of the answer's head; the lease of an event is longer.
TOTAL_SECONDS: Final = 10.0
LONGEST_RETRY_AFTER: Final = 3600.0
# The authorities that `requests` brings along, as for the providers: an image may have none of its own.
_TLS: Final = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


class NotDelivered(Exception):
    """There was no answer; the message for the business says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after: float  # seconds; 0 where it does not say


class _Line(http.client.HTTPConnection):
    """Connects only to an address that was checked: the name is not resolved again between the check and the
    connection, which prevents DNS rebinding. The header Host and TLS use the name.
    """

    def __init__(self, host: str, port: int, *, secure: bool, end: float) -> None:
        super().__init__(host, port)
        self.secure, self.end = secure, end
        self.default_port = 443 if secure else 80  # which the header Host leaves out

    def connect(self) -> None:
        self.sock = self._reach()
        self.sock.settimeout(self._left())
        if self.secure:
            self.sock = _TLS.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def _reach(self) -> socket.socket:
        problem: OSError | None = None
        for address in resolve(self.host, self.port):
            try:
                return socket.create_connection((str(address), self.port), min(CONNECT_SECONDS, self._left()))
            except OSError as error:
                problem = error
        raise problem or OSError("The host has no address.")

    def _left(self) -> float:
        if (left := self.end - time.monotonic()) <= 0:
            raise TimeoutError
        return left


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST once; redirects are answers like any other. Raises NotDelivered."""
    try:
        parts = split(url)
        line = _Line(
            parts.hostname or "",
            port_of(parts),
            secure=parts.scheme == "https",
            end=time.monotonic() + TOTAL_SECONDS,
        )
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        return _ask(line, target, body, headers)
    except AddressRefused as error:
        raise NotDelivered(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotDelivered(_reason(error)) from error


def _ask(line: _Line, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        # A socket's time-out applies to each wait; the deadline limits all of them together.
        with deadline(TOTAL_SECONDS, lambda: _hang_up(line)):
            line.request("POST", target, body, {**headers, "Connection": "close"})
            # Only the status is needed. The body is not read: it may arrive slowly for hours, and by then the socket is
            # the response's, where nothing can shut it down from here.
            with line.getresponse() as response:
                return Answer(response.status, _seconds(response.headers.get("Retry-After", "")))
    finally:
        line.close()


def _hang_up(line: _Line) -> None:
    with suppress(OSError):
        if line.sock is not None:
            # Not the TLS socket's own shutdown, which would break the TLS session while the other thread reads.
            socket.socket.shutdown(line.sock, socket.SHUT_RDWR)


def _seconds(retry_after: str) -> float:
    """RFC 9110, section 10.2.3; its other form, a date, is not read."""
    return min(float(retry_after), LONGEST_RETRY_AFTER) if re.fullmatch("[0-9]{1,9}", retry_after.strip()) else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "The host name could not be resolved."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate is not valid: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}."
    if isinstance(error, TimeoutError):
        return "No answer in time."
    if isinstance(error, ConnectionRefusedError):
        return "The connection was refused."
    return f"No answer: {type(error).__name__}."
