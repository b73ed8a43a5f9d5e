"""Chooses the number of the business and the address of the customer for a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from conversations.models import Conversation, Message
from conversations.models.outgoing.outbox import Chat
from conversations.phone import phone_key
from conversations.window import window_end
from leadsite.core import clock
from whatsapp.models import Channel, SendingChannel


@dataclass(frozen=True, slots=True)
class Route:
    """`channel` is None for a business without an active number: the message waits for one.

    `last_inbound_at`: when the customer wrote to that number or called it.
    """

    channel: SendingChannel | None
    address: str
    last_inbound_at: datetime | None = None

    def open_until(self, now: datetime) -> datetime | None:
        """Return when the window of this customer and this number closes; None if it is closed."""
        return window_end(self.last_inbound_at, now=now)


def choose_route(
    *, address: str, chats: Sequence[Chat], channels: Sequence[SendingChannel], answers_user_id: str | None = None
) -> Route:
    """Choose the number to which the customer wrote last, otherwise the business's first. `channels`: the active ones.

    A number that its provider has stopped is chosen only if all are stopped: the message waits then.

    `address` is the one that the business named; the form in the customer's last message is preferred.
    `answers_user_id`: the customer's WhatsApp user id, if the message may be sent to it instead when the customer wrote
    from it. That is so for replies, but not for templates, some of which Meta refuses for an id (error 131062).
    """
    usable = {channel.id: channel for channel in channels if not channel.is_stopped}
    usable = usable or {channel.id: channel for channel in channels}
    chat = next((chat for chat in chats if chat.channel_id in usable), None)
    last = chat or (chats[0] if chats else None)
    if last and (phone_key(last.address) == phone_key(address) or last.address == answers_user_id):
        address = last.address
    if chat:
        return Route(usable[chat.channel_id], address, chat.last_inbound_at)
    return Route(next(iter(usable.values()), None), address)


def find_route(
    *,
    user_id: UUID,
    customer_id: UUID,
    address: str,
    answers_user_id: str | None = None,
    channel_id: UUID | None = None,
) -> Route:
    """Read the customer's messages and the business's numbers, and choose. See choose_route.

    `channel_id`: the only number to choose; without it no other one is taken.
    """
    channels = Channel.objects.sending(user_id)
    return choose_route(
        address=address,
        chats=Message.objects.chats(customer_id, now=clock.now()),
        channels=[one for one in channels if channel_id in (None, one.id)],
        answers_user_id=answers_user_id,
    )


def find_route_of_reply(conversation: Conversation) -> Route:
    """Return the route that a text in reply to this conversation would take now."""
    customer = conversation.customer
    return find_route(
        user_id=conversation.user_id,
        customer_id=customer.pk,
        address=customer.phone or customer.whatsapp_user_id or "",
        answers_user_id=customer.whatsapp_user_id,
    )
