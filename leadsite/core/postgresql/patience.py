"""How long the statements of a request, together, may wait for the database server.

The limit belongs to the thread. Time spent in Python does not count.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# A statement is started even where nothing is left, and then ended at once: libpq cannot wait for no time.
_LEAST_SECONDS = 0.01


class _Waiting(threading.local):
    left: float | None = None
    times: int = 0


_waiting = _Waiting()


@contextmanager
def limit_waiting(seconds: float) -> Iterator[None]:
    """Let the statements of the block wait for this many seconds in all; 0 is no limit. An inner block has no more time
    than is left of an outer one, and what it has waited is not left to the outer one.
    """
    before = _waiting.left
    granted = min(seconds or before, before) if before is not None else seconds or None
    _waiting.left = granted
    try:
        yield
    finally:
        waited = granted - _waiting.left if granted is not None and _waiting.left is not None else 0.0
        _waiting.left = None if before is None else before - waited


def count() -> None:
    """Count a wait for the server, whether it is limited or not."""
    _waiting.times += 1


def counted() -> int:
    """Return how often this thread has waited for the server."""
    return _waiting.times


def left() -> float | None:
    """Return the seconds that are left; None where there is no limit."""
    return None if _waiting.left is None else max(_waiting.left, _LEAST_SECONDS)


def spend(seconds: float) -> None:
    """Count seconds that a statement has waited."""
    if _waiting.left is not None:
        _waiting.left -= seconds


def is_used_up() -> bool:
    """Whether there is a limit, and nothing left of it."""
    return _waiting.left is not None and _waiting.left <= 0


def use_up() -> None:
    """Leave nothing: the server does not answer."""
    if _waiting.left is not None:
        _waiting.left = 0.0
