"""Downloads one file from a provider: from its hosts only, at public addresses, of a limited size, in a limited time.

A host is resolved once, and the connection goes to the address that was checked. Redirects are not followed here:
the caller decides whether their target is the provider's too.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext_noop
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from leadsite.core.addresses import is_public
from leadsite.core.deadlines import deadline

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
# From the DNS query to the last byte; the lease of a file is longer.
TOTAL_SECONDS: Final = 120.0
ANSWER_BYTES: Final = 64 * 1024
_PIECE: Final = 64 * 1024
_TLS: Final = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


class Unreachable(Exception):
    """There was no complete answer: it may be tried again."""


class HostRefused(Exception):
    """This address is not the provider's."""


class TooLarge(Exception):
    """The file has more bytes than allowed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: of an answer that is no file; `retry_after` in seconds, 0 without the header."""

    status: int
    location: str = ""
    body: bytes = b""
    retry_after: float = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of a provider: `origin`, which the settings name, and those below public domains."""

    origin: str
    domains: tuple[str, ...]
    # Of other hosts: host and beginning of the path.
    places: tuple[tuple[str, str], ...] = field(default=())

    def parts_of(self, url: str) -> tuple[SplitResult, bool]:
        """Return the parts of an address, and whether it is of `origin`. Raises HostRefused."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise HostRefused(gettext_noop("The provider named an address that cannot be read.")) from error
        if f"{parts.scheme}://{parts.netloc}".lower() == self.origin.lower():
            return parts, True
        known = any(host == domain or host.endswith(f".{domain}") for domain in self.domains)
        known = known or any(host == place and parts.path.startswith(path) for place, path in self.places)
        if parts.scheme != "https" or port not in (None, 443) or "@" in parts.netloc or not known:
            raise HostRefused(gettext_noop("The provider named an address that is not one of its own."))
        return parts, False


class _Connection(http.client.HTTPConnection):
    """`is_private_allowed`: of the origin that the settings name, which may be a gateway of this network."""

    def __init__(self, parts: SplitResult, *, is_private_allowed: bool) -> None:
        self._secure, self._is_private_allowed = parts.scheme == "https", is_private_allowed
        super().__init__(parts.hostname or "", parts.port or (443 if self._secure else 80), timeout=READ_SECONDS)
        self.default_port = 443 if self._secure else 80

    def connect(self) -> None:
        self.sock = self._connected()
        self.sock.settimeout(READ_SECONDS)
        if self._secure:
            self.sock = _TLS.wrap_socket(self.sock, server_hostname=self.host)

    def _connected(self) -> socket.socket:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [str(place[4][0]).partition("%")[0] for place in found]
        if not self._is_private_allowed and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
            raise HostRefused(gettext_noop("The provider's host has no public address."))
        problem: OSError | None = None
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), CONNECT_SECONDS)
            except OSError as error:
                problem = error
        raise problem or OSError(gettext_noop("no address"))


def get(
    url: str,
    *,
    hosts: Hosts,
    headers: Mapping[str, str],
    into: BinaryIO | None = None,
    most_bytes: int = ANSWER_BYTES,
    seconds: float = TOTAL_SECONDS,
) -> Answer:
    """GET once. The body of an answer 200 is written to `into`, where that is given.

    Raises HostRefused, TooLarge, Unreachable.
    """
    parts, is_own = hosts.parts_of(url)
    connection = _Connection(parts, is_private_allowed=is_own)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    end = time.monotonic() + seconds
    try:
        with deadline(seconds, lambda: _shut_down(connection)):
            connection.request("GET", target, headers={**headers, "Connection": "close", "Accept-Encoding": "identity"})
            sock = connection.sock  # the response takes it from the connection
            with connection.getresponse() as response, deadline(end - time.monotonic(), lambda: _end(sock)):
                return _read(response, into, most_bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(
            gettext_noop("No complete answer from the provider: %(name__)s.") % {"name__": type(error).__name__}
        ) from error
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, into: BinaryIO | None, most_bytes: int) -> Answer:
    retry_after = response.headers.get("Retry-After", "")
    seconds = min(float(retry_after), 3600.0) if retry_after.isascii() and retry_after.isdigit() else 0.0
    location = response.headers.get("Location", "")
    if response.status != http.client.OK or into is None:
        return Answer(response.status, location, response.read(ANSWER_BYTES), seconds)
    declared = response.length
    if declared is not None and declared > most_bytes:
        raise TooLarge
    size = 0
    while piece := response.read(_PIECE):
        size += len(piece)
        if size > most_bytes:
            raise TooLarge
        into.write(piece)
    # http.client does not say so where it reads in pieces.
    if declared is not None and size < declared:
        raise Unreachable(gettext_noop("The connection ended before the end of the file."))
    return Answer(response.status, size=size)


def _shut_down(connection: _Connection) -> None:
    if connection.sock is not None:
        _end(connection.sock)


def _end(sock: socket.socket | None) -> None:
    with suppress(OSError):
        if sock is not None:
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
