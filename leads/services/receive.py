"""The door for what customers write: messages come in with their customer, conversation and lead, or not at all."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from conversations.services.statuses import StatusReport, apply_statuses

Document = dict[str, Any]


@dataclass(slots=True)
class Received:
    """What providers delivered, as lists of JSON documents whose fields receive_events.sql describes."""

    moves: list[Document] = field(default_factory=list)
    messages: list[Document] = field(default_factory=list)
    statuses: list[Document] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.moves) + len(self.messages) + len(self.statuses)

    def halves(self) -> tuple["Received", "Received"]:
        """Two of half the length, in the order in which receive_events takes them: moves, messages, statuses."""
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
    """How many rows were new, and how many messages were left out: notices to customers without a conversation."""

    messages: int = 0
    leads: int = 0
    left_out: int = 0


def receive_events(received: Received) -> Stored:
    """Make rows of what was received, all or none; what is here already stays as it is. Caller holds the transaction.

    A fixed number of statements, however many events. Raises django.db.Error; nothing is written then, once the caller
    has left the transaction.
    """
    if not received:
        return Stored()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT made_messages, made_leads, left_out FROM receive_events(%s::jsonb, %s::jsonb, %s::jsonb)",
            [json.dumps(part) for part in (received.moves, received.messages, received.statuses)],
        )
        stored = Stored(*(cursor.fetchone() or ()))
    apply_statuses(statuses=[_report(document) for document in received.statuses])
    return stored


def _report(document: Document) -> StatusReport:
    message_id = document["message_id"]
    return StatusReport(
        user_id=UUID(document["user_id"]),
        provider_id=document["provider_id"],
        status=document["status"],
        at=datetime.fromisoformat(document["at"]),
        error=document["error"],
        details=document["details"],
        message_id=UUID(message_id) if message_id else None,
    )


def lock_businesses(received: Received) -> None:
    """Take the locks that receive_events takes for several events, for those who call it several times.

    Caller holds the transaction. Raises django.db.Error.
    """
    owners = {event["user_id"] for part in (received.moves, received.messages, received.statuses) for event in part}
    with connection.cursor() as cursor:
        cursor.execute("SELECT lock_businesses(%s::uuid[])", [list(owners)])
