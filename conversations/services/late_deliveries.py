"""Service that recognises what providers deliver late of erased people. Locks nothing.

See Note [Erased people] in conversations/erasing/marks.py.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import chain, compress
from operator import not_
from typing import Protocol, TypeVar
from uuid import UUID

from conversations.erasing.marks import (
    MESSAGE,
    Identifier,
    identifiers_in,
    identifiers_of_message,
    identifiers_of_person,
)
from conversations.incoming import IncomingMessage, MessageKey, MoveReport, Sender
from conversations.message_status_order import MessageRecord, ProviderKey
from conversations.models import ErasedMark


class Reported(Protocol):
    """What a report about a message says of which message, and of whose, it is: a StatusReport."""

    user_id: UUID
    provider_id: str
    provider_token: str | None
    message_id: UUID | None
    recipient: Sender | None
    at: datetime

    @property
    def key(self) -> ProviderKey: ...


R = TypeVar("R", bound=Reported)


def messages_of_erased(messages: Sequence[IncomingMessage]) -> set[MessageKey]:
    """Return the keys of the messages that were erased, or that erased people wrote before. Raises django.db.Error."""
    identifiers = {message.key: identifiers_in(message) for message in messages}
    times = ErasedMark.objects.times(list(chain.from_iterable(identifiers.values())))
    return {message.key for message in messages if _is_old(identifiers[message.key], times, message.at)}


def without_erased_moves(moves: Sequence[MoveReport]) -> tuple[list[MoveReport], list[MoveReport]]:
    """Return the moves, and those of erased people from before. No statement where there are none.

    Raises django.db.Error.
    """
    people = [
        [*identifiers_of_person(move.user_id, move.former), *identifiers_of_person(move.user_id, move.now)]
        for move in moves
    ]
    times = ErasedMark.objects.times(list(chain.from_iterable(people)))
    are_old = [_is_old(person, times, move.at) for move, person in zip(moves, people, strict=True)]
    return list(compress(moves, map(not_, are_old))), list(compress(moves, are_old))


def statuses_of_erased(statuses: Iterable[R], *, stored: Iterable[MessageRecord]) -> list[R]:
    """Return the reports about messages that were erased, or that were sent to erased people before.

    No statement where all messages are stored. Raises django.db.Error.
    """
    known = {name for message in stored for name in (message.key, message.id)}
    missing = [report for report in statuses if report.key not in known and report.message_id not in known]
    people = [
        [
            *identifiers_of_message(
                report.user_id,
                provider_id=report.provider_id,
                provider_token=report.provider_token,
                message_id=report.message_id,
            ),
            *identifiers_of_person(report.user_id, report.recipient),
        ]
        for report in missing
    ]
    times = ErasedMark.objects.times(list(chain.from_iterable(people)))
    return [report for report, person in zip(missing, people, strict=True) if _is_old(person, times, report.at)]


def _is_old(identifiers: Collection[Identifier], times: dict[Identifier, datetime], at: datetime) -> bool:
    return any(one in times and (one.kind == MESSAGE or at <= times[one]) for one in identifiers)
