"""Deliveries in Meta's format, for tests: `body(messages_value(messages=[text(body="Hello")]))`."""

import itertools
import json
from datetime import UTC, datetime

from whatsapp.inbound.meta import payloads

CHANNEL = "106540352242922"
BUSINESS = "15550783881"
SHEENA = "16505551234"
SHEENA_ID = "US.13491208655302741918"
NOON = 1_750_000_000  # 2025-06-15 15:06:40 UTC, in Unix seconds as Meta gives them

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

_numbers = itertools.count(1)


def wamid():
    """A unique message id."""
    return f"wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQz{next(_numbers):08d}AA=="


def without_none(**fields):
    return {key: value for key, value in fields.items() if value is not None}


def contact(wa_id=SHEENA, *, name="Sheena Nelson", user_id=None, username=None, **more):
    """One of a value's contacts; None leaves a part out, as Meta does."""
    profile = without_none(name=name, username=username)
    return without_none(profile=profile or None, wa_id=wa_id, user_id=user_id) | more


def message(kind, part=None, *, from_=SHEENA, timestamp=NOON, **more):
    """A message of any kind: message("image", {"caption": "Look"}, id="wamid.1"); None leaves a part out."""
    common = without_none(**{"from": from_}, id=wamid(), timestamp=timestamp and str(timestamp), type=kind)
    return common | ({} if part is None else {kind: part}) | more


def text(body="Hello", **fields):
    return message("text", {"body": body}, **fields)


def echo(body="From the phone", *, to=SHEENA, **fields):
    """A message that the owner wrote in the WhatsApp Business app."""
    return message("text", {"body": body}, from_=BUSINESS, to=to, **fields)


def status(state="delivered", *, timestamp=NOON, **more):
    """A status of an outgoing message: status("failed", id="wamid.1", errors=[error(131049)])."""
    return {"id": wamid(), "status": state, "timestamp": str(timestamp), "recipient_id": SHEENA} | more


def error(code, title="Rate limit hit", details=None):
    entry = {"code": code, "title": title, "message": title}
    return entry | ({"error_data": {"details": details}} if details else {})


def call(direction="USER_INITIATED", *, event="connect", timestamp=NOON, **more):
    ends = {"from": SHEENA, "to": BUSINESS} if direction == "USER_INITIATED" else {"from": BUSINESS, "to": SHEENA}
    return {"id": wamid(), **ends, "event": event, "direction": direction, "timestamp": str(timestamp)} | more


def value(channel=CHANNEL, **parts):
    """A change's value: value(calls=[…])."""
    metadata = without_none(display_phone_number=BUSINESS, phone_number_id=channel)
    return {"messaging_product": "whatsapp", "metadata": metadata} | parts


def messages_value(channel=CHANNEL, messages=None, statuses=None, contacts=None, **more):
    return value(channel, **without_none(messages=messages, statuses=statuses, contacts=contacts), **more)


def change(field, value):
    return {"field": field, "value": value}


def delivery(*values_or_changes, **more):
    """A complete delivery. An argument without `field` is the value of a change of the field "messages"."""
    changes = [part if "field" in part else change("messages", part) for part in values_or_changes]
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": changes}]} | more


def body(*values_or_changes, **more):
    """The bytes of a delivery, with all non-ASCII characters escaped, as Meta sends it."""
    return raw(delivery(*values_or_changes, **more))


def raw(tree):
    return json.dumps(tree).replace("/", "\\/").encode()


def reading(delivered):
    """The reading of a delivery received at NOW. Raises UnreadableBody."""
    return payloads.read(delivered, NOW)


def read_all(*values_or_changes):
    """The reading of a delivery with these values."""
    return reading(body(*values_or_changes))


def read_one(message, **parts):
    """The event of one message, which is read without notes."""
    read = read_all(messages_value(messages=[message], **parts))
    assert (read.rejected, read.notes) == ([], [])
    (event,) = read.events
    return event
