"""Who a request comes from, as far as the web server can tell."""

import ipaddress
from typing import Final

from django.conf import settings

from leadsite.server.environ import Headers, Scope

# Whoever has IPv6 addresses has at least all those that share these leading bits (RFC 6177).
_IPV6_BITS: Final = 64


def address_of(scope: Scope) -> str:
    """Return the client's address: behind a proxy the one that the proxy has added to X-Forwarded-For."""
    if settings.BEHIND_PROXY and (forwarded := scope.headers.get("x-forwarded-for")):
        # The last one is the proxy's; the others are the client's own words.
        return str(forwarded.rpartition(",")[2].strip())
    return scope.client.rpartition(":")[0].strip("[]")


def neighbourhood(address: str) -> str:
    """Return what stands for a client's address where addresses are counted: all of IPv4, a network of IPv6."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, _IPV6_BITS), strict=False))
    except ValueError:
        return address


def login_of(headers: Headers) -> str:
    """Return what a client logs in with, valid or not: an API key or a session; "" without one."""
    return headers.get("authorization") or headers.get("cookie") or ""
