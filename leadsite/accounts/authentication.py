"""Authentication by API key, `Authorization: Bearer <key>`, and the check of its scopes."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from django.conf import settings
from django.db import connection
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from leadsite.accounts.models import User
from leadsite.accounts.refusals import RefusalLimit
from leadsite.accounts.snapshots import Snapshot
from leadsite.core.addresses import OWNER
from leadsite.core.logs.security import log_security_event, shortened_key
from leadsite.core.postgresql.actors import ActorKind, actor_of_request, become

# One SQL statement for key and business: the same query through the ORM takes three times the CPU time (0.46 ms against
# 0.14 ms, measured). It updates last_used_at once a minute at most: a write for each look-up would cost as much as the
# request itself.
_USER_FIELDS: Final = [field.attname for field in User._meta.concrete_fields]
_FIND_BY_DIGEST: Final = f"""
    WITH noted AS (
        UPDATE api_keys SET last_used_at = now()
        WHERE digest = %(digest)s AND coalesce(last_used_at < now() - interval '1 minute', true)
    )
    SELECT api_keys.scopes, api_keys.token_key, api_keys.name, {
    ", ".join(f"users.{field.column}" for field in User._meta.concrete_fields)
}
    FROM api_keys JOIN users ON users.id = api_keys.user_id
    WHERE api_keys.digest = %(digest)s AND users.is_active AND (api_keys.expiry IS NULL OR api_keys.expiry > now())
"""  # noqa: S608 - the columns are the model's
# The valid keys, by as much of each hash as tells them apart from guesses.
_SHORT: Final = 16
_ALL_KEYS: Final = """
    SELECT left(api_keys.digest, %s) FROM api_keys JOIN users ON users.id = api_keys.user_id
    WHERE users.is_active AND (api_keys.expiry IS NULL OR api_keys.expiry > now())
"""


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """The API key of the current request: request.auth. `prefix` and `name` are what staff know it by."""

    digest: str
    scopes: frozenset[str]
    prefix: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A valid key as read from the database: the columns of its business, and the value of request.auth."""

    user_columns: tuple[Any, ...]
    key: KeyInUse


class _RecentKeys:
    """The valid keys that this process read in the last API_KEY_CACHE_SECONDS, by digest.

    The time counts from before the query, so a key that is deleted, locked or changed by any process is refused, or has
    its new scopes, that many seconds after the commit at the latest. Invalid keys are not kept.
    """

    MAX_KEYS: Final = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_digest: dict[str, tuple[float, _Found]] = {}

    def get(self, digest: str) -> _Found | None:
        until, found = self._by_digest.get(digest, (0.0, None))
        return found if time.monotonic() < until else None

    def add(self, found: _Found, *, until: float) -> None:
        with self._lock:
            # Moved to the end of the dict; the first entries are evicted.
            self._by_digest.pop(found.key.digest, None)
            self._by_digest[found.key.digest] = (until, found)
            if len(self._by_digest) > self.MAX_KEYS:
                del self._by_digest[next(iter(self._by_digest))]


_recent: Final = _RecentKeys()


class ApiKeyAuthentication(TokenAuthentication):
    """knox's header parsing with a look-up by primary key.

    knox finds candidates by the key's first characters, compares each, and then reads all keys of the user to
    delete expired ones: three statements and possibly a write for every request. Here the hash is the primary key, so
    one query suffices, and its result is cached (_RecentKeys).
    """

    _client = ""

    def authenticate(self, request: Request) -> tuple[User, KeyInUse] | None:
        """Raises AuthenticationFailed, Throttled, django.db.Error."""
        self._client = request.META.get("REMOTE_ADDR", "")
        try:
            found: tuple[User, KeyInUse] | None = super().authenticate(request)
            if found:
                request.META[OWNER] = str(found[0].pk)
            return found
        except AuthenticationFailed:
            key = get_authorization_header(request).decode(errors="replace").rpartition(" ")[2]
            log_security_event("api_key_refused", client=self._client, subject=shortened_key(key), path=request.path)
            if wait := _wrong_keys.count(self._client):
                raise _throttled(wait) from None
            raise

    def authenticate_credentials(self, token: bytes) -> tuple[User, KeyInUse]:
        """Return the business of the key, and the key with its scopes.

        Raises AuthenticationFailed, Throttled, django.db.Error.
        """
        try:
            digest = hash_token(token.decode("ascii"))
        except UnicodeDecodeError:
            _refuse()
        found = _recent.get(digest)
        if found is None:
            # See Note [Right keys] in refusals.py.
            wait = _wrong_keys.wait(self._client)
            if wait and digest[:_SHORT] not in _all_keys.get():
                raise _throttled(wait)
            found = _look_up(digest)
        become(actor_of_request(ActorKind.KEY, actor_id=found.key.prefix, name=found.key.name))
        # A new object for each request: a change by one request must not be visible to another.
        return User.from_db(connection.alias, _USER_FIELDS, found.user_columns), found.key


def is_key(header: str) -> bool:
    """Whether a header Authorization has a valid key, whatever it may do. Raises django.db.Error."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.isascii():
        return False
    digest = hash_token(token)
    try:
        return bool(_recent.get(digest) or _look_up(digest))
    except AuthenticationFailed:
        return False


def _read_all_keys() -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(_ALL_KEYS, [_SHORT])
        return frozenset(start for (start,) in cursor.fetchall())


_wrong_keys: Final = RefusalLimit("wrong API keys")
# Read only while an address is above its limit, then as often as a valid key.
_all_keys: Final = Snapshot(_read_all_keys, seconds=lambda: float(settings.API_KEY_CACHE_SECONDS))


def _throttled(wait: float) -> Throttled:
    return Throttled(wait, "There were too many wrong API keys from this address; right ones are accepted.")


def _look_up(digest: str) -> _Found:
    """Raises AuthenticationFailed, django.db.Error."""
    until = time.monotonic() + settings.API_KEY_CACHE_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(_FIND_BY_DIGEST, {"digest": digest})
        row = cursor.fetchone()
    if row is None:
        _refuse()
    scopes, prefix, name, *columns = row
    found = _Found(tuple(columns), KeyInUse(digest, frozenset(scopes), prefix, name))
    _recent.add(found, until=until)
    return found


class HasScope(BasePermission):
    """Requires the view's `reading_scope` for safe methods, by default `read`, otherwise its `scope`: one or several
    scopes separated by spaces, by default `write`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, KeyInUse):
            return False
        is_safe = request.method in SAFE_METHODS
        needed = getattr(view, "reading_scope", "read") if is_safe else getattr(view, "scope", "write")
        missing = [scope for scope in needed.split() if scope not in request.auth.scopes]
        self.message = f"This API key lacks the scope {' and '.join(missing)}."
        return not missing


def _refuse() -> NoReturn:
    # The same message for unknown, revoked, expired and locked keys, so that it reveals nothing about a guessed key.
    raise AuthenticationFailed("This API key is not valid. Send a key as `Authorization: Bearer <key>`.")
