"""Time-outs watched by one thread. threading.Timer starts a thread for each, at half the cost of a request."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# The resolution of time-outs.
STEP_SECONDS: Final = 0.1


class _Watch:
    """Pending callbacks with their times. The thread starts with the first one, and again after a fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: dict[object, tuple[float, Callable[[], object]]] = {}
        self._thread: threading.Thread | None = None

    def add(self, seconds: float, call: Callable[[], object]) -> object:
        key = object()
        with self._changed:
            self._pending[key] = (time.monotonic() + seconds, call)
            if len(self._pending) == 1:
                self._changed.notify()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
        return key

    def remove(self, key: object) -> None:
        """After this returns, the callback has been called or will never be."""
        with self._changed:
            self._pending.pop(key, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                now = time.monotonic()
                for key in [key for key, (end, _) in self._pending.items() if end <= now]:
                    _, call = self._pending.pop(key)
                    call()
            time.sleep(STEP_SECONDS)


_watch: Final = _Watch()


@contextmanager
def deadline(seconds: float, call: Callable[[], object]) -> Iterator[None]:
    """Call `call` in another thread if the block still runs after this many seconds. `call` must return at once and not
    raise.
    """
    key = _watch.add(seconds, call)
    try:
        yield
    finally:
        _watch.remove(key)
