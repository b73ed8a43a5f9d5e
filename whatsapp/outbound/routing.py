"""Chooses the channel of the business and the address of the customer for a message. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from conversations.phone import phone_key


@dataclass(frozen=True, slots=True, kw_only=True)
class LastInbound:
    """The customer's address in their last message, as WhatsApp writes it, and the channel that received it."""

    address: str | None = None
    channel_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`channel_id` is None for a business without an active channel: the message waits for one."""

    channel_id: UUID | None
    address: str


def choose_route(
    *, address: str, last: LastInbound, channel_ids: Sequence[UUID], answers_user_id: str | None = None
) -> Route:
    """Choose the channel to which the customer wrote last, if it is in `channel_ids` (the active ones), else the first.

    `address` is the one that the business named; the form in the customer's last message is preferred.
    `answers_user_id`: the customer's WhatsApp user id, if the message may be sent to it instead when the customer wrote
    from it. That is so for replies, but not for templates, some of which Meta refuses for an id (error 131062).
    """
    if last.address and (phone_key(last.address) == phone_key(address) or last.address == answers_user_id):
        address = last.address
    if last.channel_id in channel_ids:
        return Route(last.channel_id, address)
    return Route(channel_ids[0] if channel_ids else None, address)
