"""Reads Meta's deliveries: converts raw bytes to events, without I/O or database.

A part that cannot be read becomes a line in Reading.rejected or Reading.notes, and the others are read: one delivery
has up to 1000 updates, and Meta does not send any of them again on request (Meta, Webhooks overview).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from whatsapp.inbound.events import (
    Event,
    Reading,
    UnreadableBody,
)
from whatsapp.inbound.meta.account_reports import account_reports
from whatsapp.inbound.meta.accounts import accounts_of, display_numbers_of
from whatsapp.inbound.meta.calls import call_events, call_status_events
from whatsapp.inbound.meta.messages import (
    Source,
    echo_events,
    history_events,
    inbound_events,
)
from whatsapp.inbound.meta.move_reports import id_updates
from whatsapp.inbound.meta.payments import payment_status_events
from whatsapp.inbound.meta.preferences import preference_events
from whatsapp.inbound.meta.senders import STATUS_RECIPIENT, Contact, Contacts, Identifiers, identifiers
from whatsapp.inbound.meta.statuses import status_events
from whatsapp.json_parts import Part, Report, error_text, objects_of, without_phones
from whatsapp.json_repair import NotJson, parse

CODE_MAX_LENGTH: Final = 7

# Lists of parts of calls, with the event of items that name none.
_CALL_PARTS: Final = {"calls": "", "recordings": "recording", "transcripts": "transcript"}
_ITEMS: Final = (
    *("messages", "message_echoes", "statuses", *_CALL_PARTS, "history", "user_id_update", "user_preferences"),
)


def read(body: bytes, received_at: datetime) -> Reading:
    """Return the events of a delivery and a line for each part that could not be read.

    Every text, key and number of an event can be stored by PostgreSQL; extras and details are at most 64 levels deep.
    `received_at` (aware): later times are not accepted.

    Raises UnreadableBody where the body is not a JSON object.
    """
    try:
        tree, notes = parse(body)
    except NotJson as error:
        raise UnreadableBody(f"The body is not JSON: {error}.") from error
    if not isinstance(tree, dict):
        raise UnreadableBody("The body is JSON, but not an object.")
    report = Report()
    for where, what in notes:
        report.notes.add(f"{where}: {what}")
    events = list(_delivery(Part(tree, "", report), received_at))
    return Reading(
        events=events,
        rejected=report.rejected.all(),
        notes=report.notes.all(),
        accounts=accounts_of(tree),
        display_numbers=display_numbers_of(tree),
        reports=account_reports(tree, received_at),
    )


def _delivery(delivery: Part, received_at: datetime) -> Iterator[Event]:
    if delivery.data.get("entry") is None:
        delivery.reject("entry is missing")
    for entry in delivery.children("entry"):
        if entry.data.get("changes") is None:
            entry.reject("changes is missing")
        for change in entry.children("changes"):
            field, value = change.text("field"), change.child("value")
            if isinstance(change.data.get("value"), dict):
                yield from _value(field, value, received_at)
            elif field in _FIELDS or not field:
                value.reject("is not an object")
            else:
                value.note("is not an object")


def _value(field: str, value: Part, received_at: datetime) -> Iterator[Event]:
    """Yield the events of a value. Fields without messages are ignored."""
    read_field = _FIELDS.get(field)
    if read_field is None:
        if not any(objects_of(value.data.get(key)) for key in ("messages", "message_echoes", "statuses")):
            return
        read_field = _messages  # an unknown field with the keys of a known one
    # For a number that Meta's agent answers, everything is one level deeper (Meta, Standby webhook reference).
    holders = [value, *value.children("standby")]
    source = _source(holders, received_at)
    for error in (error for holder in holders for error in holder.children("errors")):
        _report(error)
    if source.channel:
        for holder in holders:
            yield from read_field(holder, source)
    elif any(holder.data.get(key) for holder in holders for key in _ITEMS):
        value.reject("metadata.phone_number_id is missing, so the business is not known")


def _source(holders: list[Part], received_at: datetime) -> Source:
    metadatas = [holder.child("metadata") for holder in holders]
    metadata = next((found for found in metadatas if found.text("phone_number_id").strip()), metadatas[0])
    contacts = [Contact.read(part) for holder in holders for part in holder.children("contacts")]
    statuses = [Part(data, "", Report()) for holder in holders for data in objects_of(holder.data.get("statuses"))]
    count = sum(_count(key, holder.data.get(key)) for holder in holders for key in _ITEMS)
    of_messages = sum(status.text("type") not in _STATUS_READERS for status in statuses)
    return Source(
        channel=metadata.text("phone_number_id").strip(),
        contacts=Contacts(contacts, recipients=[identifiers(status, **STATUS_RECIPIENT) for status in statuses]),
        business=identifiers(metadata, numbers=("display_phone_number",)),
        received_at=received_at,
        alone=1 in (count, count - of_messages),
    )


def _count(key: str, items: Any) -> int:
    """Return how many items a value has under a key; of `history` the messages of its threads."""
    if key != "history":
        return len(objects_of(items))
    threads = (thread for chunk in objects_of(items) for thread in objects_of(chunk.get("threads")))
    return sum(len(objects_of(thread.get("messages"))) for thread in threads)


def _messages(value: Part, source: Source, marks: dict[str, Any] | None = None) -> Iterator[Event]:
    for message in value.children("messages"):
        yield from inbound_events(message, source, marks or {})
    for status in value.children("statuses"):
        yield from _STATUS_READERS.get(status.text("type"), status_events)(status, source)
    yield from _echoes(value, source, marks)


def _standby(value: Part, source: Source) -> Iterator[Event]:
    """Yield customers' messages while Meta's agent answers for the business: they create leads too."""
    yield from _messages(value, source, {"standby": True})


def _echoes(value: Part, source: Source, marks: dict[str, Any] | None = None) -> Iterator[Event]:
    for message in value.children("message_echoes"):
        yield from echo_events(message, source, marks or {})


def _history(value: Part, source: Source) -> Iterator[Event]:
    """Yield old threads; the media of their messages come later, in `messages` (Meta, history webhook reference)."""
    for chunk in value.children("history"):
        for error in chunk.children("errors"):
            _report(error)
        for thread in chunk.children("threads"):
            person = identifiers(thread, numbers=("id",), ids=("user_id",))
            person |= identifiers(thread.child("context"), numbers=("wa_id",), ids=("user_id",))
            for message in thread.children("messages"):
                yield from history_events(message, source, person)
            yield from _echoes(thread, source, {"history": True})
        yield from _echoes(chunk, source, {"history": True})
    for message in value.children("messages"):
        yield from history_events(message, source, Identifiers())
    yield from _echoes(value, source, {"history": True})


def _calls(value: Part, source: Source) -> Iterator[Event]:
    for key, event in _CALL_PARTS.items():
        for call in value.children(key):
            yield from call_events(call, source, event)
    for status in value.children("statuses"):
        yield from call_status_events(status, source)


def _id_updates(value: Part, source: Source) -> Iterator[Event]:
    yield from id_updates(value, source.channel, source.received_at)


def _preferences(value: Part, source: Source) -> Iterator[Event]:
    for item in value.children("user_preferences"):
        yield from preference_events(item, source)


def _report(error: Part) -> None:
    """Note an error that Meta reports without a message."""
    words = (error.text("code")[:CODE_MAX_LENGTH], without_phones(error_text(error.data)))
    error.report.notes.add("Meta reports: " + (" ".join(word for word in words if word) or "an error without a reason"))


# By the type of what they are about; the others are about messages.
_STATUS_READERS: Final[dict[str, Callable[[Part, Source], Iterator[Event]]]] = {
    "call": call_status_events,
    "payment": payment_status_events,
}
_FIELDS: Final[dict[str, Callable[[Part, Source], Iterator[Event]]]] = {
    "messages": _messages,
    "standby": _standby,
    "smb_message_echoes": _echoes,
    "message_echoes": _echoes,
    "history": _history,
    "calls": _calls,
    "user_id_update": _id_updates,
    "user_preferences": _preferences,
}
