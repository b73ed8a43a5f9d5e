"""The message by which a customer came is what the lead says. Pure functions, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

DETAILS_MAX_LENGTH: Final = 10_000


@dataclass(slots=True, kw_only=True)
class FirstMessage:
    """A message that opens leads, as it is stored. `at` is the provider's time or, without one, when it came in."""

    id: UUID
    user_id: UUID
    conversation_id: UUID
    at: datetime
    provider_id: str
    details: str


class LeadThere(NamedTuple):
    """The lead of a conversation, and the message by which its customer came as it was before this delivery.

    The message's fields are None where somebody else than WhatsApp brought the lead.
    """

    id: UUID
    message_id: UUID | None
    message_at: datetime | None
    message_provider_id: str | None
    message_details: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    """The lead's first message is another one. The details follow where nobody has changed them: are as `before`."""

    lead_id: UUID
    message: FirstMessage
    before: str


def details_of(kind: str, content: str) -> str:
    """What a lead says of the message by which its customer came: the text, or its kind where it has none."""
    return (content.strip() or f"({kind})")[:DETAILS_MAX_LENGTH]


def earliest_of_each(messages: Iterable[FirstMessage]) -> list[FirstMessage]:
    """The earliest message of each conversation, however they are delivered; in the order of the conversations' ids."""
    earliest: dict[UUID, FirstMessage] = {}
    for message in messages:
        before = earliest.get(message.conversation_id)
        if before is None or (message.at, message.provider_id) < (before.at, before.provider_id):
            earliest[message.conversation_id] = message
    return [earliest[conversation_id] for conversation_id in sorted(earliest)]


def leads_of(
    messages: Iterable[FirstMessage], there: Mapping[UUID, LeadThere]
) -> tuple[list[FirstMessage], list[Correction]]:
    """The messages of which leads are to be made, for want of one, and the leads whose first message is an earlier one.

    `there` are the leads that conversations have, by conversation.
    """
    new, corrections = [], []
    for message in earliest_of_each(messages):
        lead = there.get(message.conversation_id)
        if lead is None:
            new.append(message)
        elif lead.message_at is not None and lead.message_provider_id is not None:
            is_earlier = (message.at, message.provider_id) < (lead.message_at, lead.message_provider_id)
            if is_earlier or message.id == lead.message_id:
                corrections.append(Correction(lead.id, message, lead.message_details or ""))
    return new, corrections
