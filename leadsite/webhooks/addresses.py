"""Checks the URLs of webhook endpoints: events are posted to public addresses only, never into the private network.

Businesses choose the URLs that this site requests: without a check every holder of an API key could make it send
requests to internal databases and metadata services (OWASP, "Server-Side Request Forgery Prevention"). The host is
resolved and checked when a URL is registered, so that the business gets the error, and again at each connection
(leadsite/webhooks/http.py).
"""

import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from leadsite.webhooks.models import URL_MAX_LENGTH

# How long a request that registers a URL waits for DNS. If it is slower, the first delivery checks the address.
LOOK_UP_SECONDS: Final = 2.0
_PORTS: Final = {"https": 443, "http": 80}
# The only public unicast addresses of IPv6 (IANA, "IPv6 Global Unicast Address Assignments"): this excludes loopback,
# link-local, unique local, multicast, IPv4-mapped and NAT64 addresses.
_IPV6_INTERNET: Final = ipaddress.ip_network("2000::/3")
# Not global, though some versions of Python's ipaddress say so: addresses that embed an IPv4 address (Teredo, 6to4 and
# its relays), and those that IANA reserves for protocols and documentation.
_TUNNELS: Final = tuple(ipaddress.ip_network(net) for net in ("2001::/32", "2002::/16", "192.88.99.0/24"))
_RESERVED: Final = tuple(ipaddress.ip_network(net) for net in ("192.0.0.0/24", "3fff::/20"))
_resolvers: Final = ThreadPoolExecutor(4, thread_name_prefix="webhook-name")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Exception):
    """The URL is not allowed; the message says why."""


def check_url(url: str) -> str:
    """Return the URL if events may be posted to it. Raises AddressRefused.

    A host name that does not resolve (yet) is accepted: it may have been registered a minute ago.
    """
    if not re.fullmatch(r"[!-~]+", url) or len(url) > URL_MAX_LENGTH:
        raise AddressRefused(
            f"A URL has at most {URL_MAX_LENGTH} characters, printable ASCII only and no spaces; an internationalized"
            " host name is written as xn--…"
        )
    parts = split(url)
    schemes = ("https", "http") if settings.WEBHOOKS_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes:
        raise AddressRefused(f"The URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    if not parts.hostname:
        raise AddressRefused("The URL has no host.")
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused(
            "The URL must not contain a login or a fragment. Events are signed: no password is needed."
        )
    look_up = _resolvers.submit(resolve, parts.hostname, port_of(parts))
    try:
        look_up.result(LOOK_UP_SECONDS)
    except OSError:  # TimeoutError is one
        look_up.cancel()
    return url


def split(url: str) -> SplitResult:
    """Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        port_of(parts)
    except ValueError as error:
        raise AddressRefused(f"This is not a URL: {error}.") from error
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
        raise AddressRefused("This host is in a private or reserved network; events go to public addresses only.")
    return addresses


def is_public(address: IPAddress) -> bool:
    """Whether the address is a public unicast address of the internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _IPV6_INTERNET:
        return False
    return not any(address in net for net in (*_TUNNELS, *_RESERVED))
