"""Through which number of the business a message goes, and to which address of the customer. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from conversations.phone import phone_key


@dataclass(frozen=True, slots=True, kw_only=True)
class LastInbound:
    """Where the customer wrote from and to last: their address as WhatsApp spells it, and the business's number."""

    address: str | None = None
    channel_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`channel_id` is None for a business without an active number: the message waits for one."""

    channel_id: UUID | None
    address: str


def choose_route(
    *, address: str, last: LastInbound, channel_ids: Sequence[UUID], answers_user_id: str | None = None
) -> Route:
    """The number to which the customer wrote last, if it is one of `channel_ids` (the active ones), else the first.

    `address` is what the business named; it is spelled as the customer's own messages spell it. `answers_user_id` is
    the customer's WhatsApp user id where the message may go to that instead, if the customer wrote from it: a reply
    may, a template may not, because some are refused to an id (Meta, error 131062).
    """
    if last.address and (phone_key(last.address) == phone_key(address) or last.address == answers_user_id):
        address = last.address
    if last.channel_id in channel_ids:
        return Route(last.channel_id, address)
    return Route(channel_ids[0] if channel_ids else None, address)
