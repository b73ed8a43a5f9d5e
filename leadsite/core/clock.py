"""The present time by the database's clock, which all processes share.

Rows have times that the database wrote (defaults, triggers), and several machines compare them with the present:
leases, retries, windows, what is old enough to be deleted. A machine whose own clock is wrong must not come to other
results: a worker nine days ahead deleted idempotency keys that were in use.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

# How often the database is asked, at the next new connection.
MEASURED_SECONDS: Final = 60.0
# A machine whose clock differs by more is reported, and deletes nothing.
TOLERATED: Final = timedelta(minutes=1)


class ClockDiffers(Exception):
    """This machine's clock is wrong, or the database's is. Which one cannot be known, so nothing is deleted."""


class _Clock:
    """The database's time at one moment of this machine's uptime, which no setting of a clock changes."""

    def __init__(self) -> None:
        self._measured: tuple[float, datetime] | None = None

    def is_due(self) -> bool:
        return self._measured is None or uptime() - self._measured[0] > MEASURED_SECONDS

    def set(self, at: datetime) -> None:
        self._measured = (uptime(), at)

    def now(self) -> datetime:
        measured = self._measured  # another thread may measure again
        if measured is None:
            return datetime.now(UTC)
        return measured[1] + timedelta(seconds=uptime() - measured[0])


def uptime() -> float:
    """Seconds that also count while the machine is suspended, where the system can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


_clock: Final = _Clock()
is_due, set_now = _clock.is_due, _clock.set


def now() -> datetime:
    """Return the present time in UTC; before the first connection to the database, by this machine's clock."""
    return _clock.now()


def check_clock() -> datetime:
    """Return the present time, for a deletion of what is old. Raises ClockDiffers."""
    present = now()
    difference = datetime.now(UTC) - present
    if abs(difference) > TOLERATED:
        ahead = "ahead of" if difference > timedelta() else "behind"
        raise ClockDiffers(
            f"This machine's clock is {abs(difference)} {ahead} the database's. Nothing is deleted until they agree:"
            " correct the wrong one (NTP)."
        )
    return present


def new_id() -> UUID:
    """Return an id as uuid_v7.sql makes them, for a row that is named before it is inserted: the milliseconds of the
    database's time, then random bits.
    """
    milliseconds = int(now().timestamp() * 1000)
    bits = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    return UUID(int=(bits & ~(0xF << 76) & ~(0x3 << 62)) | (0x7 << 76) | (0x2 << 62))


def last_id(at: datetime) -> UUID:
    """Return what no id that was made until this time is greater than. So the index of ids finds rows by their age."""
    return UUID(int=((int(at.timestamp() * 1000) + 1) << 80) - 1)


def has_all_zones(moment: datetime) -> bool:
    """Whether a time can be stored, and shown in every time zone: Python's years end with 9999."""
    try:
        return 1 < moment.astimezone(UTC).year < 9999
    except OverflowError:
        return False
