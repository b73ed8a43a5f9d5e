"""Time-outs that one thread watches: threading.Timer starts a thread for each, half as dear as a request."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# How late a time-out may be noticed.
STEP_SECONDS: Final = 0.1


class _Watch:
    """Knows who is to be called, and when. The thread starts at the first time-out, again after a fork."""

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
        """When this returns, the call has been made, or never will be."""
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
    """Make this call, in another thread, if the block still runs after so many seconds. `call` returns at once and
    never raises.
    """
    key = _watch.add(seconds, call)
    try:
        yield
    finally:
        _watch.remove(key)
