"""An outgoing message and the possible outcomes of sending it: the interface between queue.py and the providers."""

import random
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

REASON_MAX_LENGTH: Final = 1000
_JITTER: Final = (0.8, 1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message leased to this worker, and the channel through which to send it; see queue.claim."""

    id: UUID
    user_id: UUID
    attempt: int
    retry_kind: str  # why the last attempts failed: a Schedule's name, and how many in a row did
    retries: int
    kind: str
    content: str
    extras: dict[str, Any]
    address: str  # of the customer: E.164, or a WhatsApp user id
    channel_id: UUID
    provider: str
    phone_number_id: str
    token: str = field(repr=False)  # encrypted as it is stored
    wait: float  # seconds to wait, by the channel's rate limit

    @property
    def is_to_phone(self) -> bool:
        return self.address.startswith("+")


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

    def pause_after(self, failures: int) -> float | None:
        """Return the seconds to wait after this many failures in a row; None after the last attempt.

        With jitter, so that messages that failed together are not retried together.
        """
        if failures >= self.attempts:
            return None
        pause = min(self.first * self.factor ** min(failures - 1, 30), self.longest)
        return pause * random.uniform(*_JITTER)  # noqa: S311 - not a secret


BACK_OFF: Final = Schedule("back off", first=1, factor=2, longest=600, attempts=15)  # about an hour in all
A_FEW_TIMES: Final = Schedule("a few times", first=2, factor=4, longest=60, attempts=4)
# "Retry after 4^X seconds", X from 0 (Meta, Error codes, 131056).
PAIR_RATE: Final = Schedule("pair rate", first=1, factor=4, longest=3600, attempts=8)
THROUGHPUT: Final = Schedule("throughput", first=1, factor=2, longest=60, attempts=30, whole_number=True)
CALL_LIMIT: Final = Schedule("call limit", first=60, factor=2, longest=3600, attempts=12, whole_number=True)
MAINTENANCE: Final = Schedule("maintenance", first=60, factor=1, longest=60, attempts=30, whole_number=True)
# It was not attempted.
AT_ONCE: Final = Schedule("at once", first=0.1, factor=2, longest=60, attempts=1_000_000)


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted it. `details`: other content of the response to store."""

    provider_id: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not sent, and it may succeed later. `pause`: the seconds that the provider asks for."""

    reason: str
    schedule: Schedule = BACK_OFF
    pause: float = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Certainly not sent, and a retry would fail too."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent, so it must not be sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Certainly not sent: the provider refuses the number itself. `fails`: this message would be refused again."""

    reason: str
    fails: bool = False


Outcome = Sent | Retry | Failed | Unknown | Stopped


class NotSent(Exception):
    """The request did not reach the provider."""


class Uncertain(Exception):
    """The request left, and there was no complete response."""
