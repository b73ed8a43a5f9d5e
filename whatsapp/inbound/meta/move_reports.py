"""Reads changes of a customer's phone number or user id: Meta's system messages, and a field that Meta withdrew."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from conversations.incoming import MoveEvent
from conversations.phone import phone_key
from whatsapp.inbound.meta.senders import Identifiers, identifiers
from whatsapp.json_parts import Part

# The security code changed (a new phone, WhatsApp installed again); the number did not.
_NO_MOVE: Final = "customer_identity_changed"
_NEW_ID: Final = "user_changed_user_id"


def former_identifiers(message: Part) -> Identifiers:
    """Return the identifiers before the change that a system message reports. `from` is the old number, or missing.

    Source: Meta, System messages webhook reference; `customer` is in versions before 2022.
    """
    system = message.child("system")
    previous = identifiers(system, ids=("previous_user_id",))
    sender = identifiers(message, numbers=("from",), ids=("from_user_id",))
    return previous | sender | identifiers(system, numbers=("customer",))


def current_identifiers(message: Part) -> Identifiers:
    """Return the customer's identifiers after the change."""
    return identifiers(message.child("system"), numbers=("wa_id", "new_wa_id"), ids=("user_id",))


def move_of(message: Part, channel: str, moved_at: datetime | None) -> MoveEvent | None:
    """Return the change that a system message reports, if any."""
    system = message.child("system")
    if system.text("type") == _NO_MOVE:
        return None
    former, now = former_identifiers(message), current_identifiers(message)
    if system.text("type") == _NEW_ID:
        now |= Identifiers(phone=former.phone)
    return _move(channel, former, now, moved_at)


def id_updates(value: Part, channel: str, received_at: datetime) -> Iterator[MoveEvent]:
    """Yield the changes of a value of the field user_id_update.

    Meta documented it from March to July 2026 and then withdrew it: other shapes are ignored.
    """
    for item in value.children("user_id_update"):
        ids = item.child("user_id")
        phone = identifiers(item, numbers=("wa_id",))
        former, now = phone | identifiers(ids, ids=("previous",)), phone | identifiers(ids, ids=("current",))
        if former.whatsapp_user_id and now.whatsapp_user_id and former.whatsapp_user_id != now.whatsapp_user_id:
            moved_at = item.moment("timestamp", received_at)
            yield MoveEvent(channel=channel, former=former.sender(), now=now.sender(), provider_time=moved_at)


def _move(channel: str, former: Identifiers, now: Identifiers, moved_at: datetime | None) -> MoveEvent | None:
    if not former or not now:
        return None
    comparable = (former.phone and now.phone) or (former.whatsapp_user_id and now.whatsapp_user_id)
    new_phone = former.phone and now.phone and phone_key(former.phone) != phone_key(now.phone)
    new_id = former.whatsapp_user_id and now.whatsapp_user_id and former.whatsapp_user_id != now.whatsapp_user_id
    if comparable and not new_phone and not new_id:
        return None
    return MoveEvent(channel=channel, former=former.sender(), now=now.sender(), provider_time=moved_at)
