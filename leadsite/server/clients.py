"""Who a request comes from, as far as the web server can tell."""

import ipaddress
from typing import IO, Final, NamedTuple

from django.conf import settings

from leadsite.server.environ import Scope
from whatsapp.inbound.signature import number_in

# Answers that accept no login: refused, too many attempts, and sent to the login page.
_REFUSALS: Final = (302, 401, 403, 404, 429, 503)
# Pages that anyone may open, with any cookie.
_LOGIN_PAGES: Final = ("/admin/login", "/api/docs", "/api/schema", "/static/", "/livez", "/readyz", "/metrics")
# The login of all deliveries of a business, from whatever addresses they come.
DELIVERIES: Final = "deliveries"
# Meta names the number at the beginning of a body.
_SEARCHED_BYTES: Final = 16 * 1024


class Client(NamedTuple):
    """Whose turn a request takes. `owner`: the business, or the person with a session, whose login was accepted lately;
    otherwise the address (`near`: of IPv6 its network), which invented logins do not change.
    """

    near: str
    owner: str
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
    """The logins that have been accepted lately, and whose they are: those of a process.

    Logins are API keys, sessions, and of deliveries the number that they name together with the sender's address. One
    that has not been accepted is worth nothing: anyone can invent thousands. The newest `size` are remembered, as
    hashes.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._owners: dict[int, str] = {}
        self._size = size

    def client(self, near: str, login: str, *, queue: str = "", accepted: str = "") -> Client:
        """Return whose turn a request with this login takes. `queue`: its name among the logins of the address, until
        it is accepted; `accepted`: among those of its owner, then.
        """
        owner = self._owners.get(hash(login)) if login else None
        if owner is None:
            return Client(near, f"address {near}", queue)
        return Client(near, owner, accepted or f"{near} {login}")

    def learn(self, login: str, owner: str, status: int, path: str) -> None:
        """Remember the login of a request by the status of its answer. `owner`: whose it is; "" where nobody said."""
        if not login or not owner or status in _REFUSALS or path.startswith(_LOGIN_PAGES):
            return
        key = hash(login)
        if self._owners.pop(key, None) is None and len(self._owners) >= self._size:
            del self._owners[next(iter(self._owners))]
        self._owners[key] = owner


def login_of(scope: Scope) -> str:
    """Return the login that the headers name; "" where there is none."""
    return scope.headers.get("authorization") or scope.headers.get("cookie") or ""


def delivery_login(body: IO[bytes], near: str) -> str:
    """Return what stands for a login where a delivery has none."""
    body.seek(0)
    number = number_in(body.read(_SEARCHED_BYTES))
    return f"{number} from {near}" if number else ""
