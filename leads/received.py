"""The events of a delivery, and what was stored of them. Values, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from conversations.incoming import IncomingMessage, MoveReport
from conversations.services.statuses import StatusReport


@dataclass(slots=True)
class Received:
    """The events of deliveries."""

    moves: list[MoveReport] = field(default_factory=list)
    messages: list[IncomingMessage] = field(default_factory=list)
    statuses: list[StatusReport] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.moves) + len(self.messages) + len(self.statuses)

    @property
    def businesses(self) -> list[UUID]:
        """The owners of the events, in order."""
        return sorted({event.user_id for part in (self.moves, self.messages, self.statuses) for event in part})

    @property
    def is_alone(self) -> bool:
        """Whether no other delivery of its businesses may run beside it, see Note [Deliveries side by side]."""
        has_statuses = bool(self.statuses) and len(self) > 1
        return bool(self.moves) or has_statuses or any(message.event.call for message in self.messages)

    def bisect(self) -> tuple["Received", "Received"]:
        """Split the events in two, in the order in which receive_events processes them: moves, messages, statuses."""
        middle = len(self) // 2
        moves, messages = self.moves, self.messages
        to_messages = max(0, middle - len(moves))
        to_statuses = max(0, to_messages - len(messages))
        return (
            Received(moves[:middle], messages[:to_messages], self.statuses[:to_statuses]),
            Received(moves[middle:], messages[to_messages:], self.statuses[to_statuses:]),
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows were inserted, and how many messages left out: notices about customers without a conversation.

    `erased`: the messages, and `erased_statuses` and `erased_moves` the rest, that were left out because they belong to
    erased people.
    """

    messages: int = 0
    leads: int = 0
    left_out: int = 0
    media: int = 0  # files of the messages, which are to be fetched
    erased: Sequence[IncomingMessage] = ()
    erased_statuses: Sequence[StatusReport] = ()
    erased_moves: Sequence[MoveReport] = ()

    @property
    def has_erased(self) -> bool:
        return bool(self.erased or self.erased_statuses or self.erased_moves)
