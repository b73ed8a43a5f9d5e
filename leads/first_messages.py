"""Decides which leads inbound messages create, and which message's text a lead has as its details. Pure functions.

The details are those of the first message that says something. A photo without caption, a call or a placeholder says
nothing: it creates the lead, and the first words replace it, unless the details were edited.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from conversations.incoming import PLACEHOLDER_KINDS
from conversations.kinds import text_of_message
from conversations.visible_text import visible_text

DETAILS_MAX_LENGTH: Final = 10_000
# Their content is our description of them.
_WITHOUT_WORDS: Final = frozenset((*PLACEHOLDER_KINDS, "call"))


@dataclass(slots=True, kw_only=True)
class FirstMessage:
    """A stored message that may create a lead. `at` is its place in the conversation: Message.sort_at."""

    id: UUID
    user_id: UUID
    conversation_id: UUID
    at: datetime
    details: str
    has_words: bool = True

    @property
    def rank(self) -> tuple[bool, datetime]:
        """The message with the lowest rank is a lead's first message."""
        return not self.has_words, self.at


class ExistingLead(NamedTuple):
    """The lead of a conversation, and its first message as it was before this delivery.

    The message's fields are None where the lead was not created by a WhatsApp message.
    """

    id: UUID
    message_id: UUID | None
    message_at: datetime | None
    message_details: str | None = None
    message_has_words: bool = True


@dataclass(frozen=True, slots=True)
class Correction:
    """A new first message of a lead. The details change with it unless they were edited: differ from `before`."""

    lead_id: UUID
    message: FirstMessage
    before: str


def details_of(kind: str, content: str, extras: Any) -> str:
    """The details of a lead from its first message: the text, or the words of its kind where it has none."""
    return text_of_message(kind, content, extras).strip()[:DETAILS_MAX_LENGTH]


def has_words(kind: str, content: str) -> bool:
    """Whether a message says something."""
    return bool(visible_text(content).strip()) and kind not in _WITHOUT_WORDS


def first_of_each(messages: Iterable[FirstMessage]) -> list[FirstMessage]:
    """The first message of each conversation, in the order of the conversations' ids."""
    first: dict[UUID, FirstMessage] = {}
    for message in messages:
        before = first.get(message.conversation_id)
        if before is None or message.rank < before.rank:
            first[message.conversation_id] = message
    return [first[conversation_id] for conversation_id in sorted(first)]


def plan_leads(
    messages: Iterable[FirstMessage], existing: Mapping[UUID, ExistingLead]
) -> tuple[list[FirstMessage], list[Correction]]:
    """Return the messages for which leads are to be created, and the leads whose first message changes.

    `existing`: the leads that exist, by conversation.
    """
    new, corrections = [], []
    for message in first_of_each(messages):
        lead = existing.get(message.conversation_id)
        if lead is None:
            new.append(message)
        elif lead.message_at is not None:
            comes_first = message.rank < (not lead.message_has_words, lead.message_at)
            if comes_first or message.id == lead.message_id:
                corrections.append(Correction(lead.id, message, lead.message_details or ""))
    return new, corrections
