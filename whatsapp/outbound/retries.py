"""How often and when a message is sent again after an attempt that certainly had no effect, by the reason of failure.

Whether it had none is decided by the provider's module (providers/) and, for Meta's error codes, by meta_errors.py;
queue.py stores when the message is due.
"""

import random
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

_JITTER: Final = (0.8, 1.2)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to retry: after `first` seconds, then each time `factor` times as long, up to `longest`.

    `attempts`: the maximum of failures in a row for this reason. `whole_number`: the number's other messages wait as
    long.
    """

    name: str
    first: float
    factor: float
    longest: float
    attempts: int
    whole_number: bool = False

    def failures_after(self, retry_kind: str, retries: int) -> int:
        """Return how many attempts in a row have failed for this reason, the present one included.

        `retry_kind` and `retries` are those of the message: the reason of the last failures, and how many in a row.
        """
        return retries + 1 if retry_kind == self.name else 1

    def pause_after(self, failures: int) -> float | None:
        """Return the seconds to wait after this many failures in a row; None after the last attempt.

        With jitter, so that messages that failed together are not retried together.
        """
        if failures >= self.attempts:
            return None
        pause = min(self.first * self.factor ** min(failures - 1, 30), self.longest)
        return pause * random.uniform(*_JITTER)  # noqa: S311 - not a secret


def given_up(failures: int, reason: str) -> str:
    """The error of a message whose attempts are used up."""
    return gettext_noop("Given up after %(failures)s tries. %(reason)s") % {"failures": failures, "reason": reason}


BACK_OFF: Final = Schedule("back off", first=1, factor=2, longest=600, attempts=15)  # about an hour in all
A_FEW_TIMES: Final = Schedule("a few times", first=2, factor=4, longest=60, attempts=4)
# "Retry after 4^X seconds", X from 0 (Meta, Error codes, 131056).
PAIR_RATE: Final = Schedule("pair rate", first=1, factor=4, longest=3600, attempts=8)
THROUGHPUT: Final = Schedule("throughput", first=1, factor=2, longest=60, attempts=30, whole_number=True)
CALL_LIMIT: Final = Schedule("call limit", first=60, factor=2, longest=3600, attempts=12, whole_number=True)
MAINTENANCE: Final = Schedule("maintenance", first=60, factor=1, longest=60, attempts=30, whole_number=True)
# It was not attempted.
AT_ONCE: Final = Schedule("at once", first=0.1, factor=2, longest=60, attempts=1_000_000)
