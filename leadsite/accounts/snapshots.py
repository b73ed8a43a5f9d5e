"""Values that are read again only when they have become old."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Snapshot(Generic[T]):
    """What `read` has returned, at most `seconds()` old. One thread reads; the others wait for its result."""

    def __init__(self, read: Callable[[], T], *, seconds: Callable[[], float]) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = threading.Lock()
        self._value: T | None = None
        self._until = 0.0

    def get(self) -> T:
        """Raises what `read` raises."""
        with self._lock:
            now = time.monotonic()
            if self._value is None or now >= self._until:
                self._value = self._read()
                self._until = now + self._seconds()
            return self._value
