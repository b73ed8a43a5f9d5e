"""Who a request comes from, as far as the web server can tell."""

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
    if settings.BEHIND_PROXY and (forwarded := scope.headers.get("x-forwarded-for")):
        # The last one is the proxy's; the others are the client's own words.
        return str(forwarded.rpartition(",")[2].strip())
    return scope.client.rpartition(":")[0].strip("[]")


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
