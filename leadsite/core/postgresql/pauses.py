"""Pauses after a server has not answered."""

import threading
import time


class Pause:
    """Whether a server is asked by this process, whose threads share it. After a failure nobody asks for some seconds;
    then one thread tries, and the others do not wait for what it finds.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = 0.0
        self._has_failed = False

    def is_over(self) -> bool:
        """Whether the caller asks now."""
        with self._lock:
            if time.monotonic() < self._until:
                return False
            if self._has_failed:
                self._until = time.monotonic() + self._seconds
            return True

    def begin(self) -> None:
        """It has not answered."""
        with self._lock:
            self._has_failed, self._until = True, time.monotonic() + self._seconds

    def end(self) -> bool:
        """It has answered. Return whether it had not before."""
        if not self._has_failed:
            return False
        with self._lock:
            had_failed, self._has_failed, self._until = self._has_failed, False, 0.0
        return had_failed
