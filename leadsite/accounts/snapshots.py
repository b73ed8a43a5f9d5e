"""Values that are read again only when they have become old: all at once, or each by its name."""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

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


class Recent(Generic[T]):
    """Values by name, each at most `seconds()` old. The time counts from before it was read."""

    MAX_VALUES: Final = 10_000

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._by_name: dict[str, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def get(self, name: str) -> T | None:
        """Return the value; None where there is none that is recent enough."""
        until, value = self._by_name.get(name, (0.0, None))
        return value if time.monotonic() < until else None

    def until(self) -> float:
        """Return how long a value may be kept that is read from the database next: for `add`."""
        return time.monotonic() + self._seconds()

    def add(self, name: str, value: T, *, until: float) -> None:
        with self._lock:
            # Moved to the end of the dict; the first entries are evicted.
            self._by_name.pop(name, None)
            self._by_name[name] = (until, value)
            if len(self._by_name) > self.MAX_VALUES:
                del self._by_name[next(iter(self._by_name))]
