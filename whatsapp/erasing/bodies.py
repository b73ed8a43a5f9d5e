"""Takes one person's part out of the raw body of a delivery, whichever provider sent it. Pure functions."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from conversations.incoming import IncomingMessage, MoveReport, Sender
from conversations.services.statuses import StatusReport
from whatsapp.erasing.traces import Traces
from whatsapp.inbound.twilio_contents import ID_NAMES
from whatsapp.json_parts import objects_of
from whatsapp.json_repair import NotJson, parse

# A body in which nothing is left: it is read without an error.
EMPTY: Final = {"cloud": b'{"object": "whatsapp_business_account", "entry": []}', "twilio": b""}
# The lists of a value that have something that happened; others are about these.
_SUBJECTS: Final = (
    *("messages", "message_echoes", "statuses", "calls", "recordings", "transcripts", "history", "user_id_update"),
    *("user_preferences", "standby"),
)
_RECIPIENTS: Final = ("recipient_id", "recipient_user_id")
_NUMBERS_OF_TWILIO: Final = ("From", "To")
# What names a message: its own id, one that it is about, and ours that comes back with a status.
_IDS: Final = ("id", "message_id", "biz_opaque_callback_data")
# Whether what came through a number (Meta's id, or at Twilio the number itself) and names these messages belongs to the
# person's business: see whatsapp.erasing.own.
IsOwn = Callable[[str, frozenset[str]], bool]
# The same of a body that names these messages, all of which are looked up at once.
Own = Callable[[frozenset[str]], IsOwn]


def without_person(provider: str, body: bytes, traces: Traces, *, own: Own) -> bytes:
    """Return the body without the person's part; EMPTY where nothing else is in it, and the body where nothing is.

    What came through a number that is not this business's is left as it is, unless it names a message of the person:
    they may be another business's customer too, also one's that connects its number later.
    """
    if provider == "twilio":
        return _without_in_form(body, traces, own)
    try:
        tree, _ = parse(body)
    except NotJson:
        text = body.decode("utf-8", errors="replace")
        return body if traces.in_text(text) == text else EMPTY[provider]
    known = _with_recipients(tree, traces)
    left = _without_in_tree(tree, known, own(_ids_of(tree)))
    if left == tree:
        return body
    return json.dumps(left).encode() if left.get("entry") else EMPTY[provider]


def part_of_person(provider: str, body: bytes, traces: Traces, *, own: Own) -> list[Any]:
    """Return what is the person's in a body: objects of it, or the whole form."""
    if without_person(provider, body, traces, own=own) == body:
        return []
    if provider == "twilio":
        return [dict(_pairs(body))] if any(traces.is_whole(value) for _, value in _pairs(body)) else []
    try:
        tree, _ = parse(body)
    except NotJson:
        return []
    known, is_own = _with_recipients(tree, traces), own(_ids_of(tree))
    values = [
        {key: part for key, part in value.items() if key != "metadata"}
        for value in _values_of(tree)
        if _is_value_own(value, known, is_own)
    ]
    return known.theirs_in(values)


def is_of_business(provider: str, body: bytes, traces: Traces, *, own: Own) -> bool:
    """Whether a part of a body came through the business's numbers, or none of it through any number."""
    if provider == "twilio":
        return _is_form_own(_pairs(body), traces, own)
    try:
        tree, _ = parse(body)
    except NotJson:
        return True
    values, is_own = list(_values_of(tree)), own(_ids_of(tree))
    return not values or any(_is_value_own(value, traces, is_own) for value in values)


def traces_of(
    messages: Iterable[IncomingMessage], statuses: Iterable[StatusReport], moves: Iterable[MoveReport]
) -> Traces:
    """The traces of what was left out of a delivery because its people were erased."""
    messages, statuses, moves = list(messages), list(statuses), list(moves)
    people: list[Sender] = [message.event.customer for message in messages]
    people += [person for move in moves for person in (move.former, move.now)]
    people += [report.recipient for report in statuses if report.recipient]
    ids = [message.event.provider_id for message in messages] + [report.provider_id for report in statuses]
    return Traces.of(
        phones=[person.phone for person in people if person.phone],
        ids=[*ids, *(person.whatsapp_user_id for person in people if person.whatsapp_user_id)],
        names=[person.name for person in people],
    )


def _without_in_tree(tree: Any, traces: Traces, is_own: IsOwn) -> Any:
    if not isinstance(tree, dict) or not isinstance(tree.get("entry"), list):
        return traces.in_json(tree)
    entries = []
    for entry in tree["entry"]:
        if not isinstance(entry, dict) or not isinstance(entry.get("changes"), list):
            if not traces.is_theirs(entry):
                entries.append(traces.in_json(entry))
            continue
        changes = [left for change in entry["changes"] if (left := _change(change, traces, is_own)) is not None]
        if changes or not entry["changes"]:
            entries.append(entry | {"changes": changes})
    return tree | {"entry": entries}


def _change(change: Any, traces: Traces, is_own: IsOwn) -> Any:
    """The change without the person's part; None where nothing is left that happened."""
    value = change.get("value") if isinstance(change, dict) else None
    if not isinstance(value, dict):
        return None if traces.is_theirs(change) else traces.in_json(change)
    metadata = value.get("metadata")
    rest = {key: part for key, part in value.items() if key != "metadata"}
    left = traces.in_json(rest)
    if left == rest or not _is_value_own(value, traces, is_own):
        return change
    if not any(left.get(key) for key in _SUBJECTS) and any(rest.get(key) for key in _SUBJECTS):
        return None
    return change | {"value": left | ({"metadata": metadata} if metadata is not None else {})}


def _is_value_own(value: dict[str, Any], traces: Traces, is_own: IsOwn) -> bool:
    """Without a number too: nobody else has it."""
    metadata = value.get("metadata")
    number = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
    return not number or _is_own_by(str(number), frozenset(_ids_in(value)), traces, is_own)


def _is_own_by(number: str, ids: frozenset[str], traces: Traces, is_own: IsOwn) -> bool:
    return not ids.isdisjoint(traces.ids) or is_own(number, ids)


def _ids_of(tree: Any) -> frozenset[str]:
    return frozenset(found for value in _values_of(tree) for found in _ids_in(value))


def _ids_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (value[key] for key in _IDS if isinstance(value.get(key), str))
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _ids_in(part)


def _values_of(tree: Any) -> Iterator[dict[str, Any]]:
    for entry in objects_of(tree.get("entry") if isinstance(tree, dict) else None):
        for change in objects_of(entry.get("changes")):
            if isinstance(change.get("value"), dict):
                yield change["value"]


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)


def _with_recipients(tree: Any, traces: Traces) -> Traces:
    """The traces, and the recipients of the statuses that are the person's: contacts beside them have these."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if str(value.get("id")) in traces.ids:
                found.update(str(value[key]) for key in _RECIPIENTS if value.get(key))
            value = list(value.values())
        if isinstance(value, list):
            for part in value:
                look(part)

    look(tree)
    numbers = {one for one in found if one.isascii() and one.isdigit()}
    return replace(traces, phones=traces.phones | numbers, ids=traces.ids | (found - numbers))


def _is_form_own(pairs: list[tuple[str, str]], traces: Traces, own: Own) -> bool:
    numbers = [value.removeprefix("whatsapp:") for name, value in pairs if name in _NUMBERS_OF_TWILIO]
    ids = frozenset(value for name, value in pairs if name in ID_NAMES)
    is_own = own(ids)
    return not numbers or any(_is_own_by(number, ids, traces, is_own) for number in numbers)


def _without_in_form(body: bytes, traces: Traces, own: Own) -> bytes:
    pairs = _pairs(body)
    is_whole = any(traces.is_whole(value) for _, value in pairs)
    left = [(name, traces.in_text(value)) for name, value in pairs]
    if not (is_whole or left != pairs) or not _is_form_own(pairs, traces, own):
        return body
    return EMPTY["twilio"] if is_whole else urlencode(left).encode()
