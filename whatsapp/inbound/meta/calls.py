"""Reads the parts of Meta's calls: connect, terminate, statuses, recordings, transcripts; each is a MessageEvent.

Meta, Calls webhook reference, User-initiated calls, Business-initiated calls. Parts with the same id are merged later
(conversations/calls.py). The shape of recordings and transcripts is not documented: whatever names the call is read.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, Final

from conversations.calls import Call
from conversations.incoming import Opens
from whatsapp.inbound.events import Event
from whatsapp.inbound.meta.messages import RECIPIENT, SENDER, Source, message_event
from whatsapp.inbound.meta.senders import Identifiers, identifiers
from whatsapp.json_parts import Part, text_of

# Keys with fields of their own in the event; and session and connection, whose network addresses end with the call.
_LEFT_OUT: Final = {
    *("id", "call_id", "from", "from_user_id", "to", "to_user_id", "recipient_id", "recipient_user_id"),
    *("timestamp", "direction", "session", "connection"),
}
_BEGAN_OR_ENDED: Final = frozenset(("", "connect", "terminate", "accept", "pre_accept", "reject"))
_ANSWERED: Final = frozenset(("ACCEPTED", "ANSWERED", "ACCEPT"))
_DECLINED: Final = frozenset(("REJECTED", "DECLINED", "REJECT"))
_TRANSCRIPT_KEYS: Final = ("transcript", "transcription", "text")
_MAX_DIGITS: Final = 12
_TRANSCRIPT_MAX_LENGTH: Final = 60_000


def call_events(call: Part, source: Source, listed_as: str = "") -> Iterator[Event]:
    """Yield a part of a call: that it began or ended or, which opens nothing, that it was recorded.

    `listed_as`: what its list says of an item without event: it is no call by itself.
    """
    event = call.text("event").lower() or listed_as or _event_of_keys(call)
    took_place = not listed_as and event in _BEGAN_OR_ENDED
    sender = identifiers(call, **SENDER)
    direction = call.text("direction")
    inbound = direction == "USER_INITIATED" or (direction != "BUSINESS_INITIATED" and not sender.meets(source.business))
    who = sender if inbound else identifiers(call, **RECIPIENT)
    opens = Opens.LEAD if inbound else Opens.CONVERSATION
    if not took_place:
        opens = Opens.HOLDER if who else Opens.NOTHING
    facts = _facts(call, event) if took_place else _record(call, event)
    yield from _part(call, source, who, inbound=inbound, opens=opens, name=event or "call", facts=facts)


def call_status_events(status: Part, source: Source) -> Iterator[Event]:
    """Yield a status of a call that the business began: ringing, accepted or rejected. It opens nothing."""
    who = identifiers(status, numbers=("recipient_id",), ids=("recipient_user_id",))
    state = status.text("status").upper()
    facts = Call(answered=state in _ANSWERED, declined=state in _DECLINED)
    opens = Opens.HOLDER if who else Opens.NOTHING
    yield from _part(status, source, who, inbound=False, opens=opens, name=state.lower() or "status", facts=facts)


def _part(
    part: Part, source: Source, who: Identifiers, *, inbound: bool, opens: Opens, name: str, facts: Call
) -> Iterator[Event]:
    # Of a recording or transcript that has both, `id` is its own.
    named = part.text("call_id") or part.text("id")
    # A call has no type, text or caption: its own keys go to the extras.
    bare = replace(part, data={"id": named, "timestamp": part.data.get("timestamp")})
    said = {key: found for key, found in part.data.items() if key not in _LEFT_OUT}
    yield from message_event(
        bare,
        source,
        who,
        direction="in" if inbound else "out",
        opens=opens,
        marks={"call": asdict(facts), "events": {name: said}},
        status="received" if inbound else "sent",
        call=facts,
    )


def _facts(call: Part, event: str) -> Call:
    # Meta's page shows a list of statuses once; elsewhere it is a text.
    found = call.data.get("status")
    states = {text_of(state).upper() for state in (found if isinstance(found, list) else [found])} | {event.upper()}
    seconds = _number(call.data.get("duration"))
    if not seconds:
        start, end = _number(call.data.get("start_time")), _number(call.data.get("end_time"))
        seconds = max(end - start, 0) if start and end else 0
    return Call(
        took_place=True,
        answered=not states.isdisjoint(_ANSWERED),
        declined=not states.isdisjoint(_DECLINED),
        ended=event == "terminate",
        seconds=seconds,
    )


def _event_of_keys(call: Part) -> str:
    """Return what a part without event is by its keys; "" where they only say that the call took place."""
    names = {"transcri": "transcript", "record": "recording"}
    return next((name for stem, name in names.items() if any(stem in key for key in call.data)), "")


def _record(call: Part, event: str) -> Call:
    """Return that a call was recorded, or its transcript; nothing where it only names an event that is not known."""
    said = (event, *call.data)
    found = None
    if any("transcri" in word for word in said):
        found = next((call.data[key] for key in _TRANSCRIPT_KEYS if call.data.get(key)), None)
    recorded = any("record" in word for word in said)
    return Call(recorded=recorded, transcript=_spoken(found)[:_TRANSCRIPT_MAX_LENGTH])


def _spoken(found: Any) -> str:
    """Return a transcript as lines, each with its speaker where it has one."""
    if isinstance(found, list):
        return "\n".join(line for item in found if (line := _spoken(item)))
    if isinstance(found, dict):
        speaker = text_of(found.get("speaker")) or text_of(found.get("role"))
        spoken = _spoken(found.get("text") or found.get("segments") or found.get("body"))
        return f"{speaker}: {spoken}" if speaker and spoken else spoken
    return text_of(found).strip()


def _number(found: Any) -> int:
    """Return a number of seconds, which comes as a number or as text; 0 for anything else."""
    text = str(int(found)) if isinstance(found, float) and abs(found) < 10**_MAX_DIGITS else text_of(found).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0
