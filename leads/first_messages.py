"""Decides which leads inbound messages create, and which message's text a lead has as its details. Pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from conversations.kinds import text_of_message

DETAILS_MAX_LENGTH: Final = 10_000


@dataclass(slots=True, kw_only=True)
class FirstMessage:
    """A stored message that may create a lead. `at` is the provider's time or, without one, when it was received."""

    id: UUID
    user_id: UUID
    conversation_id: UUID
    at: datetime
    provider_id: str
    details: str


class ExistingLead(NamedTuple):
    """The lead of a conversation, and its first message as it was before this delivery.

    The message's fields are None where the lead was not created by a WhatsApp message.
    """

    id: UUID
    message_id: UUID | None
    message_at: datetime | None
    message_provider_id: str | None
    message_details: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    """A new first message of a lead. The details change with it unless they were edited: differ from `before`."""

    lead_id: UUID
    message: FirstMessage
    before: str


def details_of(kind: str, content: str) -> str:
    """The details of a lead from its first message: the text, or the words of its kind where it has none."""
    return text_of_message(kind, content).strip()[:DETAILS_MAX_LENGTH]


def earliest_of_each(messages: Iterable[FirstMessage]) -> list[FirstMessage]:
    """The earliest message of each conversation, in the order of the conversations' ids."""
    earliest: dict[UUID, FirstMessage] = {}
    for message in messages:
        before = earliest.get(message.conversation_id)
        if before is None or (message.at, message.provider_id) < (before.at, before.provider_id):
            earliest[message.conversation_id] = message
    return [earliest[conversation_id] for conversation_id in sorted(earliest)]


def plan_leads(
    messages: Iterable[FirstMessage], existing: Mapping[UUID, ExistingLead]
) -> tuple[list[FirstMessage], list[Correction]]:
    """Return the messages for which leads are to be created, and the leads whose first message changes.

    `existing`: the leads that exist, by conversation.
    """
    new, corrections = [], []
    for message in earliest_of_each(messages):
        lead = existing.get(message.conversation_id)
        if lead is None:
            new.append(message)
        elif lead.message_at is not None and lead.message_provider_id is not None:
            is_earlier = (message.at, message.provider_id) < (lead.message_at, lead.message_provider_id)
            if is_earlier or message.id == lead.message_id:
                corrections.append(Correction(lead.id, message, lead.message_details or ""))
    return new, corrections
