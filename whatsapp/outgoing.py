"""A message on its way out, and what can become of it: what outbox.py and the providers tell each other."""

import random
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

REASON_MAX_LENGTH: Final = 1000
_JITTER: Final = (0.8, 1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that a worker has to itself, and the number through which it goes; see claim_messages.sql."""

    id: UUID
    user_id: UUID
    attempt: int
    kind: str
    content: str
    extras: dict[str, Any]
    address: str  # of the customer: E.164, or a WhatsApp user id
    channel_id: UUID
    provider: str
    phone_number_id: str
    token: str = field(repr=False)  # encrypted as it is stored
    wait: float  # seconds until the number's next turn

    @property
    def is_to_phone(self) -> bool:
        return self.address.startswith("+")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to try again: after `first` seconds, then each time `factor` times as long, up to `longest`.

    `attempts` counts all tries, the first included. `whole_number`: the other messages of the number wait as long.
    """

    first: float
    factor: float
    longest: float
    attempts: int
    whole_number: bool = False

    def pause_after(self, attempt: int) -> float | None:
        """Seconds to wait after this try, the first being 1; None after the last. With jitter: who failed together
        does not come back together.
        """
        if attempt >= self.attempts:
            return None
        pause = min(self.first * self.factor ** min(attempt - 1, 30), self.longest)
        return pause * random.uniform(*_JITTER)  # noqa: S311 - not a secret


BACK_OFF: Final = Schedule(first=1, factor=2, longest=600, attempts=15)  # about an hour in all
A_FEW_TIMES: Final = Schedule(first=2, factor=4, longest=60, attempts=4)
# "Retry after 4^X seconds", X from 0 (Meta, Error codes, 131056).
PAIR_RATE: Final = Schedule(first=1, factor=4, longest=3600, attempts=8)
THROUGHPUT: Final = Schedule(first=1, factor=2, longest=60, attempts=30, whole_number=True)
CALL_LIMIT: Final = Schedule(first=60, factor=2, longest=3600, attempts=12, whole_number=True)
MAINTENANCE: Final = Schedule(first=60, factor=1, longest=60, attempts=30, whole_number=True)
# It was not tried at all.
AT_ONCE: Final = Schedule(first=0.1, factor=2, longest=60, attempts=1_000_000)


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted it. `said` is what else it answered that is worth keeping."""

    provider_id: str
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """Certainly not sent, and it may succeed later. `pause`: what the provider asks for, in seconds."""

    reason: str
    schedule: Schedule = BACK_OFF
    pause: float = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Certainly not sent, and it never will be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it was sent: it must not be sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Certainly not sent: the provider refuses the number as such. `fails`: this message would meet the same again."""

    reason: str
    fails: bool = False


Outcome = Sent | Again | Failed | Unknown | Stopped


class NotSent(Exception):
    """The request did not reach the provider."""


class Uncertain(Exception):
    """The request left, and no answer came that tells what became of it."""
