"""The door for what customers write: messages come in with their customer, conversation and lead, or not at all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

Document = dict[str, Any]


@dataclass(slots=True)
class Received:
    """What providers delivered, as lists of JSON documents whose fields receive_events.sql describes."""

    moves: list[Document] = field(default_factory=list)
    people: list[Document] = field(default_factory=list)
    messages: list[Document] = field(default_factory=list)
    statuses: list[Document] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.moves or self.messages or self.statuses)

    def singly(self) -> Iterator[tuple[str, "Received"]]:
        """Each event alone, with a name for it: the moves first, as receive_events takes them."""
        for move in self.moves:
            yield "a change of number or id", Received(moves=[move])
        for message in self.messages:
            person = self.people[message["person"]]
            yield f"message {message['provider_id']}", Received(people=[person], messages=[message | {"person": 0}])
        for status in self.statuses:
            yield f"status of {status['provider_id']}", Received(statuses=[status])


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows were new."""

    messages: int
    leads: int


NOTHING_STORED = Stored(messages=0, leads=0)


def receive_events(received: Received) -> Stored:
    """Make rows of what was received, all or none; what is here already stays as it is. Caller holds the transaction.

    One statement, however many events. Raises django.db.Error; nothing is written then, once the caller has left the
    transaction.
    """
    if not received:
        return NOTHING_STORED
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT new_messages, new_leads FROM receive_events(%s::jsonb, %s::jsonb, %s::jsonb, %s::jsonb)",
            [json.dumps(part) for part in (received.moves, received.people, received.messages, received.statuses)],
        )
        messages, leads = cursor.fetchone() or (0, 0)
        return Stored(messages=messages, leads=leads)
