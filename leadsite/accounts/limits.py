"""The rate limit of API keys, counted over all web processes together."""

import threading
import time
from typing import Any, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from leadsite.accounts.authentication import KeyInUse
from leadsite.accounts.models import RequestAllowance
from leadsite.core.logs.security import log_security_event

# A process reserves several requests of a key at a time, at most a hundredth of the limit per minute, so that not every
# request queries the database. Unused reservations expire, so the first is for one request; after one that was used up
# in time the next has twice its size.
SHARE: Final = 100
MAX_RESERVED: Final = 50
RESERVED_SECONDS: Final = 5.0
# Reservations of the most recently used keys are kept.
MAX_KEYS: Final = 10_000


class _Reservations:
    """The requests that this process has reserved for each key and not yet used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Requests left, expiry by time.monotonic(), and size.
        self._by_key: dict[str, tuple[int, float, int]] = {}

    def use(self, key: str) -> int:
        """Use one reserved request and return 0; where none is left, return how many to reserve next."""
        with self._lock:
            left, until, size = self._by_key.get(key, (0, 0.0, 0))
            if time.monotonic() > until:
                return 1
            if left < 1:
                return 2 * size
            self._by_key[key] = (left - 1, until, size)
            return 0

    def add(self, key: str, granted: int) -> None:
        """Store a reservation, less the one request that is being made."""
        with self._lock:
            left, _, _ = self._by_key.pop(key, (0, 0.0, 0))
            self._by_key[key] = (left + granted - 1, time.monotonic() + RESERVED_SECONDS, granted)
            if len(self._by_key) > MAX_KEYS:
                del self._by_key[next(iter(self._by_key))]


_reservations: Final = _Reservations()


class RequestRate(BaseThrottle):
    """429 with Retry-After where a key exceeds API_REQUESTS_PER_MINUTE (0: no limit).

    DRF's own throttles read a cache and write it back, so that simultaneous requests are counted once.
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises django.db.Error."""
        per_minute = settings.API_REQUESTS_PER_MINUTE
        if not per_minute or not isinstance(request.auth, KeyInUse):
            return True
        wanted = _reservations.use(request.auth.digest)
        if not wanted:
            return True
        wanted = min(wanted, max(1, per_minute // SHARE), MAX_RESERVED)
        granted, self._wait = RequestAllowance.objects.take(request.auth.digest, per_minute=per_minute, wanted=wanted)
        if granted:
            _reservations.add(request.auth.digest, granted)
        else:
            client = request.META.get("REMOTE_ADDR", "")
            log_security_event(
                "requests_throttled", client=client, subject=str(request.user.pk), key=request.auth.digest[:8]
            )
        return bool(granted)

    def wait(self) -> float | None:
        return self._wait
