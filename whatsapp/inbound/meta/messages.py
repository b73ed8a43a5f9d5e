"""Reads Meta's messages (of customers, from the owner's phone, imported history) into MessageEvents."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from conversations.calls import Call
from conversations.incoming import CALL_KIND, MessageEvent, MoveEvent, Opens
from conversations.models import CONTENT_MAX_LENGTH, PROVIDER_ID_MAX_LENGTH
from whatsapp.inbound.events import CALLBACK_DATA_MAX_LENGTH, Event, extras_of_event
from whatsapp.inbound.meta.contents import content_of, extras_of, is_sign, kind_of
from whatsapp.inbound.meta.move_reports import current_identifiers, former_identifiers, move_of
from whatsapp.inbound.meta.parts import parts_of
from whatsapp.inbound.meta.senders import Contacts, Identifiers, identifiers, shared_number
from whatsapp.inbound.opt_outs import with_tapped_choice
from whatsapp.json_parts import Part, object_of

SENDER: Final[dict[str, tuple[str, ...]]] = {"numbers": ("from",), "ids": ("from_user_id",)}
# `recipient`: as in requests to send, which Meta repeats in echoes of standby.
RECIPIENT: Final[dict[str, tuple[str, ...]]] = {"numbers": ("to",), "ids": ("to_user_id", "recipient")}
# Meta, history webhook reference: statuses of outgoing messages. Others count as sent.
_HISTORY_STATUSES: Final = {"DELIVERED": "delivered", "READ": "read", "PLAYED": "played"}


@dataclass(frozen=True, slots=True)
class Source:
    """What a value says about all its items."""

    channel: str
    contacts: Contacts
    business: Identifiers  # by display_phone_number; a hint, as its format varies
    received_at: datetime
    alone: bool  # the value has one item beside statuses of messages: a single contact belongs to it


def provider_id_of(item: Part) -> str | None:
    """Return the item's id; None where it has none that can be stored: the item is rejected then."""
    found = item.text("id")
    if not found.strip():
        item.reject("id is missing")
        return None
    if len(found) > PROVIDER_ID_MAX_LENGTH:
        item.reject(f"id is longer than {PROVIDER_ID_MAX_LENGTH} characters")
        return None
    return found


def inbound_events(message: Part, source: Source, marks: dict[str, Any]) -> Iterator[Event]:
    """Yield the events of a customer's message; a system message is a notice and may report a move."""
    kind = kind_of(message.data)
    if kind == "system":
        yield from _notice(message, source, marks)
        return
    sender, recipient = identifiers(message, **SENDER), identifiers(message, **RECIPIENT)
    if Identifiers(sender.phone).meets(source.business) and recipient and not recipient.meets(source.business):
        yield from echo_events(message, source, marks)
        return
    opens = Opens.CONVERSATION if message.data.get("group_id") else Opens.LEAD
    if is_sign(message.data):
        opens = Opens.HOLDER
    number = shared_number(message) if kind == "contacts" else None
    for event in message_event(message, source, sender, direction="in", opens=opens, marks=marks):
        if number and not event.customer.phone:
            now = replace(event.customer, phone=number)
            yield MoveEvent(
                channel=source.channel,
                former=replace(event.customer, name=""),
                now=replace(now, name=""),
                provider_time=event.provider_time,
            )
            yield replace(event, customer=now)
        else:
            yield with_tapped_choice(event)


def echo_events(message: Part, source: Source, marks: dict[str, Any]) -> Iterator[Event]:
    """Yield a message that the business wrote by other means, such as the WhatsApp Business app.

    Echoes of standby have recipient and content one level deeper, in `message` (Meta, Standby webhook reference).
    """
    if inner := object_of(message.data.get("message")):
        outer = {key: found for key, found in message.data.items() if key != "message"}
        message = replace(message, data=inner | outer)
    who = identifiers(message, **RECIPIENT)
    marks = {"echo": True} | marks
    opens = Opens.HOLDER if is_sign(message.data) else Opens.CONVERSATION
    yield from message_event(message, source, who, direction="out", opens=opens, marks=marks, status="sent")


def history_events(message: Part, source: Source, customer: Identifiers) -> Iterator[Event]:
    """Yield a message from before the number came to the API. `customer` is the thread's customer, where known."""
    sender = identifiers(message, **SENDER)
    if Identifiers(sender.phone).meets(source.business):
        # Also where `from_user_id` is the customer's, as Meta has it in some threads.
        inbound, who = False, customer or identifiers(message, **RECIPIENT)
    elif customer:
        # Businesses have no user id; the thread may have the customer's number only.
        inbound = sender.meets(customer) or bool(sender.whatsapp_user_id and not sender.phone)
        who = customer | sender if inbound else customer
    else:
        inbound = bool(sender)
        who = sender if inbound else identifiers(message, **RECIPIENT)
    shown = message.child("history_context").text("status").upper()
    yield from message_event(
        message,
        source,
        who,
        direction="in" if inbound else "out",
        opens=Opens.HOLDER if is_sign(message.data) else Opens.CONVERSATION,
        marks={"history": True},
        status="received" if inbound else _HISTORY_STATUSES.get(shown, "sent"),
    )


def _notice(message: Part, source: Source, marks: dict[str, Any]) -> Iterator[Event]:
    former = former_identifiers(message)
    # The contact of a notice has the customer's new identifiers: they must not be mixed with the former ones.
    if former:
        source = replace(source, contacts=Contacts())
    who = former or current_identifiers(message)
    for event in message_event(message, source, who, direction="in", opens=Opens.NOTHING, marks=marks):
        yield event
        move = move_of(message, source.channel, event.provider_time)
        if move:
            yield move


def message_event(
    message: Part,
    source: Source,
    who: Identifiers,
    *,
    direction: str,
    opens: Opens,
    marks: dict[str, Any],
    status: str = "received",
    call: Call | None = None,
) -> Iterator[MessageEvent]:
    """Yield the event of a message that has an id and a customer; without them it is rejected.

    `call`: it is a part of a call, whose keys are in `marks`. One that opens nothing needs no customer.
    """
    provider_id = provider_id_of(message)
    if provider_id is None:
        return
    contact = source.contacts.find(who, alone=source.alone)
    customer = who | contact.who
    if not customer and not (call and opens is Opens.NOTHING):
        message.reject("has neither the number nor the user id of a customer")
        return
    kind = CALL_KIND if call else kind_of(message.data)
    yield MessageEvent(
        channel=source.channel,
        customer=customer.sender(contact.name),
        provider_id=provider_id,
        direction=direction,
        kind=kind,
        content=call.words(incoming=direction == "in") if call else _content(kind, message),
        provider_time=message.moment("timestamp", source.received_at),
        opens=opens,
        extras=extras_of_event(extras_of(kind, message.data) | contact.extras | marks),
        parts=parts_of(kind, message.data),
        status=status,
        callback_data=message.text("biz_opaque_callback_data")[:CALLBACK_DATA_MAX_LENGTH] if direction == "out" else "",
        call=call,
    )


def _content(kind: str, message: Part) -> str:
    content = content_of(kind, message.data)
    if kind == "text" and not content:
        message.note("text.body is missing")
    if len(content) > CONTENT_MAX_LENGTH:
        message.note(f"its text is longer than {CONTENT_MAX_LENGTH} characters and was cut")
    return content[:CONTENT_MAX_LENGTH]
