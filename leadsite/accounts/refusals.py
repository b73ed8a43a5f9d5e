"""Limits of what is refused, such as wrong API keys, from one address: over all web processes together.

Note [Right keys]. An address may be shared, by a network or by a proxy that was not named, so what is right is never
refused here. Of an address above its limit, what is wrong is refused without a query: the caller looks whether it may
be right in a snapshot of all that is (leadsite/accounts/snapshots.py), which is read at most once a second.
"""

import threading
import time
from typing import Final

from django.conf import settings
from django.db import Error

from leadsite.accounts.models import RequestAllowance
from leadsite.core.addresses import neighbourhood
from leadsite.core.logs.security import log_security_event

# The addresses above their limit that a process remembers.
MAX_ADDRESSES: Final = 10_000


class RefusalLimit:
    """REFUSALS_PER_MINUTE of one kind for each address (of IPv6, one /64); 0 is no limit.

    They are counted in the database (a token bucket), at most as many as are allowed; then each process keeps in memory
    for how long the address is refused, and learns it by its own next wrong one.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def wait(self, address: str) -> float:
        """Return for how many seconds more this address is refused; 0 if it is not. Needs no database."""
        return max(self._until.get(neighbourhood(address), 0.0) - time.monotonic(), 0.0)

    def count(self, address: str) -> float:
        """Count something that was refused. Return 0, or where there were too many the seconds until the next."""
        if not settings.REFUSALS_PER_MINUTE:
            return 0.0
        near = neighbourhood(address)
        try:
            granted, wait = RequestAllowance.objects.take(
                f"{self._kind} {near}", per_minute=settings.REFUSALS_PER_MINUTE, wanted=1
            )
        except Error:
            # Then it is refused without being counted: a wrong key is no reason for 503.
            return 0.0
        if granted:
            return 0.0
        log_security_event("requests_throttled", client=address, subject=self._kind)
        self._refuse(near, time.monotonic() + wait)
        return wait

    def _refuse(self, near: str, until: float) -> None:
        with self._lock:
            self._until.pop(near, None)
            self._until[near] = until
            if len(self._until) > MAX_ADDRESSES:
                del self._until[next(iter(self._until))]
