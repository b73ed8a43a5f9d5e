"""Pauses of long work, between its transactions."""

import time
from typing import Final

# Of the time since the last one: what is left for others where database and processors are busy with this work alone.
SHARE: Final = 0.25
LONGEST_SECONDS: Final = 1.0


class Pauses:
    """Of one piece of work, a bulk change or an import: after each chunk others come first for a moment."""

    def __init__(self) -> None:
        self._ended_at = time.monotonic()

    def pause(self) -> None:
        """Wait, without a transaction and its locks."""
        time.sleep(min(SHARE * (time.monotonic() - self._ended_at), LONGEST_SECONDS))
        self._ended_at = time.monotonic()
