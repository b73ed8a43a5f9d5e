"""How many requests a minute an API key may make, over all web processes together."""

import threading
import time
from typing import Any, Final

from django.conf import settings
from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from leadsite.accounts.authentication import KeyInUse

# A process that is busy takes several requests at a time, at most a hundredth of a minute's, so that not each of them
# asks the database. What it has not used after a while is lost, so it begins with one, and takes twice as many where it
# has used all of the last.
SHARE: Final = 100
MOST_AT_ONCE: Final = 50
KEPT_SECONDS: Final = 5.0
# Of keys that were used last by this process.
MOST_KEYS: Final = 10_000


class _Taken:
    """What this process has taken for each key and not yet used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Requests left, until when, and how many were taken.
        self._shares: dict[str, tuple[int, float, int]] = {}

    def use(self, key: str) -> int:
        """Use one; 0, or where there is none how many to take now."""
        with self._lock:
            left, until, size = self._shares.get(key, (0, 0.0, 0))
            if time.monotonic() > until:
                return 1
            if left < 1:
                return 2 * size
            self._shares[key] = (left - 1, until, size)
            return 0

    def add(self, key: str, granted: int) -> None:
        """One of them is used at once."""
        with self._lock:
            left, _, _ = self._shares.pop(key, (0, 0.0, 0))
            self._shares[key] = (left + granted - 1, time.monotonic() + KEPT_SECONDS, granted)
            if len(self._shares) > MOST_KEYS:
                del self._shares[next(iter(self._shares))]


_taken: Final = _Taken()


class RequestRate(BaseThrottle):
    """429 with Retry-After where a key has used up its minute: API_REQUESTS_PER_MINUTE, 0 for no limit.

    DRF's own throttles read, count and write in a cache, so that two processes both count to nine.
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises django.db.Error."""
        per_minute = settings.API_REQUESTS_PER_MINUTE
        if not per_minute or not isinstance(request.auth, KeyInUse) or not (more := _taken.use(request.auth.digest)):
            return True
        wanted = min(more, max(1, per_minute // SHARE), MOST_AT_ONCE)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT granted, wait FROM take_requests(%s, %s, %s)", [request.auth.digest, per_minute, wanted]
            )
            granted, self._wait = cursor.fetchone() or (0, None)
        if granted:
            _taken.add(request.auth.digest, granted)
        return bool(granted)

    def wait(self) -> float | None:
        return self._wait
