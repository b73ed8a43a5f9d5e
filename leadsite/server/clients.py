"""Who a request comes from, as far as the web server can tell."""

import ipaddress
from typing import Final, NamedTuple

from django.conf import settings

from leadsite.server.environ import Headers, Scope

# Answers that accept no login: refused, too many attempts, and sent to the login page.
_REFUSALS: Final = (302, 401, 403, 404, 429, 503)
# Pages that anyone may open, with any cookie.
_LOGIN_PAGES: Final = ("/admin/login", "/api/docs", "/api/schema", "/static/", "/livez", "/readyz")


class Client(NamedTuple):
    """`near`: the address, of IPv6 its network. `login`: "" unless it has been accepted lately."""

    address: str
    near: str
    login: str


def address_of(scope: Scope) -> str:
    """Return the client's address: behind a proxy the one that the proxy has added to X-Forwarded-For."""
    if settings.BEHIND_PROXY:
        # A proxy adds to the last header of this name, or adds a header (HAProxy). What stands before its address is
        # the client's own words.
        added = [value for name, value in scope.headers.items() if name == "x-forwarded-for"]
        if added and (address := _address(added[-1].rpartition(",")[2])):
            return address
    return scope.client.rpartition(":")[0].strip("[]")


def _address(text: str) -> str:
    """Return the address in "192.0.2.1", "192.0.2.1:5123", "2001:db8::1" or "[2001:db8::1]:5123"; else ""."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    # ::ffff:192.0.2.1 is how a socket for both kinds shows an IPv4 client.
    return str(getattr(address, "ipv4_mapped", None) or address)


class Logins:
    """The logins, API keys and sessions, that have been accepted lately: those of a process.

    A login that has not is worth nothing: anyone can invent thousands. The newest `size` are remembered, as hashes.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._known: dict[int, None] = {}
        self._size = size

    def of(self, headers: Headers) -> str:
        """Return the request's login where it is known; otherwise ""."""
        login = _login(headers)
        return login if login and hash(login) in self._known else ""

    def learn(self, scope: Scope, status: int) -> None:
        """Remember the login of a request by the status of its answer."""
        login = _login(scope.headers)
        if not login or status in _REFUSALS or scope.path.startswith(_LOGIN_PAGES):
            return
        key = hash(login)
        if key not in self._known:
            self._known[key] = None
            if len(self._known) > self._size:
                del self._known[next(iter(self._known))]


def _login(headers: Headers) -> str:
    return headers.get("authorization") or headers.get("cookie") or ""
