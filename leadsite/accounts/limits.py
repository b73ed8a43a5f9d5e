"""How many requests a minute an API key may make, over all web processes together."""

import threading
import time
from typing import Any, Final

from django.conf import settings
from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from leadsite.accounts.authentication import KeyInUse

# A process takes a hundredth of a minute's requests at a time, so that not each of them asks the database; what it has
# not used after a while it lets go.
SHARE: Final = 100
MOST_AT_ONCE: Final = 50
KEPT_SECONDS: Final = 5.0
# Of keys that were used last by this process.
MOST_KEYS: Final = 10_000


class _Taken:
    """What this process has taken for each key and not yet used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, tuple[int, float]] = {}

    def use(self, key: str) -> bool:
        with self._lock:
            left, until = self._left.pop(key, (0, 0.0))
            if left < 1 or time.monotonic() > until:
                return False
            self._left[key] = (left - 1, until)
            return True

    def add(self, key: str, requests: int) -> None:
        with self._lock:
            left, _ = self._left.pop(key, (0, 0.0))
            self._left[key] = (left + requests, time.monotonic() + KEPT_SECONDS)
            if len(self._left) > MOST_KEYS:
                del self._left[next(iter(self._left))]


_taken: Final = _Taken()


class RequestRate(BaseThrottle):
    """429 with Retry-After where a key has used up its minute: API_REQUESTS_PER_MINUTE, 0 for no limit.

    DRF's own throttles read, count and write in a cache, so that two processes both count to nine.
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises django.db.Error."""
        per_minute = settings.API_REQUESTS_PER_MINUTE
        if not per_minute or not isinstance(request.auth, KeyInUse) or _taken.use(request.auth.digest):
            return True
        wanted = min(max(1, per_minute // SHARE), MOST_AT_ONCE)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT granted, wait FROM take_requests(%s, %s, %s)", [request.auth.digest, per_minute, wanted]
            )
            granted, self._wait = cursor.fetchone() or (0, None)
        if granted > 1:
            _taken.add(request.auth.digest, granted - 1)
        return bool(granted)

    def wait(self) -> float | None:
        return self._wait
