"""Checks the URLs of webhook endpoints: events are posted to public addresses only, never into the private network.

Businesses choose the URLs that this site requests: without a check every holder of an API key could make it send
requests to internal databases and metadata services (OWASP, "Server-Side Request Forgery Prevention"). The host is
resolved and checked at each connection (leadsite/webhooks/http.py). A name of this network and one that does not exist
have the same error there, so that nobody learns the names of this network; registering a URL resolves no name.
"""

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop

from leadsite.core.addresses import IPAddress, is_public
from leadsite.webhooks.models import URL_MAX_LENGTH

# Of a name that does not resolve, and of one that resolves to an address that is not public.
NO_PUBLIC_ADDRESS: Final = gettext_noop(
    "The host name has no public address; events go to none in a private or reserved network."
)
# The last labels of names that no public DNS has (RFC 6761, RFC 6762, RFC 9476 and usual ones of private networks).
_LOCAL: Final = frozenset(
    ("localhost", "local", "internal", "intranet", "private", "corp", "lan", "home", "localdomain")
)
_PORTS: Final = {"https": 443, "http": 80}


class AddressRefused(Exception):
    """The URL is not allowed; the message says why."""


def check_url(url: str) -> str:
    """Return the URL if events may be posted to it. Raises AddressRefused.

    Names are not resolved here: what a business is told of a name would tell it which ones exist in this network.
    """
    if not re.fullmatch(r"[!-~]+", url) or len(url) > URL_MAX_LENGTH:
        raise AddressRefused(
            gettext_noop(
                "A URL has at most %(url_max_length)s characters, printable ASCII only and no spaces; an "
                "internationalized host name is written as xn--…"
            )
            % {"url_max_length": URL_MAX_LENGTH}
        )
    parts = split(url)
    schemes = ("https", "http") if settings.WEBHOOKS_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes:
        raise AddressRefused(
            gettext_noop("The URL must begin with %(value)s.")
            % {"value": " or ".join(f"{scheme}://" for scheme in schemes)}
        )
    if not parts.hostname:
        raise AddressRefused(gettext_noop("The URL has no host."))
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused(
            gettext_noop("The URL must not contain a login or a fragment. Events are signed: no password is needed.")
        )
    _check_host(parts.hostname)
    return url


def _check_host(host: str) -> None:
    """Raises AddressRefused for an address that is not public, and for a name that only a private network can know."""
    if settings.WEBHOOKS_ALLOW_PRIVATE:
        return
    try:
        # Also accepts 127.1, 2130706433 and 0x7f.1, as connect() does; asks no DNS.
        (place, *_) = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        labels = host.lower().rstrip(".").split(".")
        refused = len(labels) < 2 or labels[-1] in _LOCAL or labels[-2:] == ["home", "arpa"]
    else:
        refused = not is_public(ipaddress.ip_address(str(place[4][0]).partition("%")[0]))
    if refused:
        raise AddressRefused(
            gettext_noop("This host is in a private or reserved network; events go to public addresses only.")
        )


def split(url: str) -> SplitResult:
    """Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        port_of(parts)
    except ValueError as error:
        raise AddressRefused(gettext_noop("This is not a URL: %(error)s.") % {"error": error}) from error
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port if parts.port is not None else _PORTS.get(parts.scheme, 443)


def resolve(host: str, port: int) -> list[IPAddress]:
    """Return the addresses of a host, if all are allowed. Raises AddressRefused and OSError.

    The resolver also accepts 127.1, 2130706433 and 0x7f.1, as connect() does: the resulting addresses are checked.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of more than 63 characters
        raise OSError(f"{type(error).__name__}") from error
    addresses = [ipaddress.ip_address(str(place[4][0]).partition("%")[0]) for place in found]
    if not settings.WEBHOOKS_ALLOW_PRIVATE and not all(is_public(address) for address in addresses):
        raise AddressRefused(NO_PUBLIC_ADDRESS)
    return addresses
