"""The order of deliveries does not matter: shuffled, repeated, split or merged, events leave the same rows."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from conversations.models import Conversation, Customer, CustomerMove, Message
from leads.models import Lead
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, deliver
from tests.whatsapp.wamids import wamid
from whatsapp.models import WebhookDelivery

# Thousands of deliveries in one transaction would be slow: PostgreSQL keeps every version of a row until it ends.
pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = range(2)  # tests/long has more
Change = dict[str, Any]


def messages(*rows: Any, contacts: list[Any] | None = None) -> Change:
    return meta.change("messages", meta.messages_value(messages=list(rows), contacts=contacts))


def statuses(*rows: Any) -> Change:
    return meta.change("messages", meta.messages_value(statuses=list(rows)))


def echoes(*rows: Any) -> Change:
    return meta.change("smb_message_echoes", meta.value(message_echoes=list(rows)))


def calls(*rows: Any) -> Change:
    return meta.change("calls", meta.value(calls=list(rows)))


def choices(*rows: Any) -> Change:
    return meta.change("user_preferences", meta.value(user_preferences=list(rows)))


def ids_of(n: int, name: str) -> tuple[str, str]:
    """Both ids of one message of the customer's conversation: the one that it comes with, and the one that others name.

    Meta builds them with the customer's number or user id.
    """
    outgoing = name == "out"
    forms = [wamid(peer, f"3EB0{n:05d}{name}", outgoing=outgoing) for peer in (f"49151000{n:05d}", f"DE.{n:05d}")]
    return (forms[0], forms[1]) if n % 2 else (forms[1], forms[0])


def conversation_of(n: int) -> Iterator[Change]:
    """Sixteen events of one customer and the business. The customer's messages have the number, the id or both."""
    number, user_id = f"49151000{n:05d}", f"DE.{n:05d}"
    start = meta.NOON + 1000 * n
    ways: list[dict[str, Any]] = [
        {"from_": number},
        {"from_": None, "from_user_id": user_id},
        {"from_": number, "from_user_id": user_id},
    ]
    identifiers = ways[n % 3]
    named = [
        meta.contact(
            wa_id=identifiers.get("from_"), user_id=identifiers.get("from_user_id"), name=f"Name {name} of {n}"
        )
        for name in range(3)
    ]
    first, second, third_id, sent = (ids_of(n, name) for name in ("1", "2", "3", "out"))
    yield messages(meta.text("First", id=first[0], timestamp=start, **identifiers), contacts=[named[0]])
    yield messages(meta.text("Second", id=second[0], timestamp=start + 10, **identifiers), contacts=[named[1]])
    # Not the time of the first: of equal times the order of arrival decides.
    third = {"id": third_id[0], "timestamp": start + (-2, -1, 1, 2, 3)[n % 5], **identifiers}
    yield messages(meta.message("unsupported", {"type": "unknown"}, **third))
    yield messages(
        meta.text("Came by the ad", referral={"source_id": f"ad {n}"}, **third),
        contacts=[named[2]],
    )
    yield messages(
        meta.message("reaction", {"message_id": first[1], "emoji": "👍"}, id=f"wamid.{n}.4", **identifiers),
        meta.message("revoke", {"original_message_id": second[1]}, id=f"wamid.{n}.5", **identifiers),
    )
    answer = meta.text("Yes", context={"id": sent[1]}, id=f"wamid.{n}.8", timestamp=start + 45, **identifiers)
    yield messages(answer, meta.message("reaction", {"message_id": sent[1]}, id=f"wamid.{n}.9", **identifiers))
    ends = {"from": identifiers.get("from_"), "from_user_id": identifiers.get("from_user_id")}
    call = meta.without_none(**{"id": f"wacid.{n}", "to": meta.BUSINESS, "direction": "USER_INITIATED"} | ends)
    yield calls(call | {"event": "connect", "timestamp": str(start + 40)})
    yield calls(call | {"event": "terminate", "timestamp": str(start + 70), "status": "COMPLETED", "duration": n % 2})
    yield calls(call | {"event": "recording", "timestamp": str(start + 90)})
    yield from choices_of(n, **identifiers)
    yield from answer_of(
        n, {"to": number} if "from_user_id" not in identifiers else {"to": None, "to_user_id": user_id}
    )


def answer_of(n: int, to: dict[str, Any]) -> Iterator[Change]:
    """An answer from the phone and its statuses, which name it by either id."""
    start, sent = meta.NOON + 1000 * n, ids_of(n, "out")
    yield echoes(meta.echo("From the phone", id=sent[0], timestamp=start + 20, **to))
    for form, state in enumerate(("sent", "delivered", "read")):
        yield statuses(
            meta.status(state, id=sent[form % 2], timestamp=start + 30, pricing={"category": "service", "of": state})
        )
    yield statuses(
        meta.status("failed", id=sent[0], timestamp=start + 25, errors=[meta.error(131026, "Undeliverable")]),
        meta.status("failed", id=sent[1], timestamp=start + 26, errors=[meta.error(131000, "Broken")]),
    )


def choices_of(n: int, from_: str | None = None, from_user_id: str | None = None) -> Iterator[Change]:
    """The customer opts out of marketing; for a third each the resume is earlier, of the same time, or later."""
    start = meta.NOON + 1000 * n
    choice = {"category": "marketing_messages"} | meta.without_none(wa_id=from_, user_id=from_user_id)
    yield choices(choice | {"value": "stop", "timestamp": str(start + 40)})
    yield choices(choice | {"value": "resume", "timestamp": str(start + (30, 40, 50)[n // 3 % 3])})


def move_of(n: int) -> Iterator[Change]:
    """The customer gets a new number, in some cases also a new id, and writes from it."""
    moved_at = meta.NOON + 1000 * n + 500
    new = {"wa_id": f"49152000{n:05d}"} | ({"user_id": f"DE.{n:05d}.new"} if n % 3 == 2 else {})
    notice = {"type": "user_changed_number", "body": "Changed"} | new
    yield messages(meta.message("system", notice, from_=f"49151000{n:05d}", id=f"wamid.{n}.6", timestamp=moved_at))
    identifiers = {"from_": new["wa_id"], "from_user_id": new.get("user_id")}
    identifiers = {key: value for key, value in identifiers.items() if value}
    choice = {"category": "marketing_messages", "value": "stop", "timestamp": str(moved_at + 60)}
    yield choices(choice | new)
    yield messages(meta.text("From the new number", id=f"wamid.{n}.7", timestamp=moved_at + 50, **identifiers))


def album_of(n: int) -> Iterator[Change]:
    """An edit, and an album of photos of one second with one caption, from a customer who has written before."""
    sender = {"from_": f"49151000{n:05d}", "from_user_id": f"DE.{n:05d}"}
    edited = {
        "original_message_id": ids_of(n, "1")[1],
        "message": {"type": "text", "text": {"body": "First, corrected"}},
    }
    yield messages(meta.message("edit", edited, id=f"wamid.{n}.edit", timestamp=meta.NOON + 1000 * n + 60, **sender))
    for photo in range(3):
        part = {"id": f"{n}{photo}", "mime_type": "image/jpeg"} | ({"caption": "Like this"} if photo == n % 3 else {})
        at = meta.NOON + 1000 * n + 80
        yield messages(meta.message("image", part, id=f"wamid.{n}.photo{photo}", timestamp=at, **sender))


MOVING = (0, 2, 3, 5, 6, 8)
EVENTS = [change for n in range(20) for change in conversation_of(n)]
EVENTS += [change for n in MOVING for change in move_of(n)]
WITH_ALBUM = range(5, 20, 3)  # whose messages have both identifiers
EVENTS += [change for n in WITH_ALBUM for change in album_of(n)]


def delete_all() -> None:
    for model in (Lead, Message, Conversation, Customer, CustomerMove, WebhookDelivery):
        model.objects.all().delete()


def deliveries(seed: int) -> Iterator[list[Change]]:
    """All events, some repeated, in random order and deliveries of random size; changes are split and merged."""
    rng = random.Random(seed)
    events = EVENTS + rng.sample(EVENTS, 60)
    rng.shuffle(events)
    while events:
        size = rng.choice([1, 1, 2, 3, 10, 40])
        delivered, events = events[:size], events[size:]
        if rng.random() < 0.3:
            delivered = [part for change in delivered for part in split(change)]
        yield delivered


def split(change: Change) -> Iterator[Change]:
    """One change for each item of a change."""
    value = change["value"]
    for kind in ("messages", "statuses", "message_echoes", "calls", "user_preferences"):
        for item in value.get(kind, []):
            rest = {name: part for name, part in value.items() if name not in ("messages", "statuses")}
            yield change | {"value": rest | {kind: [item]}}


@pytest.fixture
def in_order(inbox: Inbox) -> str:
    """The rows when every event is delivered alone and in order."""
    for change in EVENTS:
        deliver(change)
    state = inbox.state()
    assert inbox.counts() == (20, 20, 20, 20 * 11 + 3 * len(MOVING) + 4 * len(WITH_ALBUM))
    delete_all()
    return state


def test_there_are_two_hundred_events():
    assert len(EVENTS) >= 200


def deliver_shuffled(inbox: Inbox, seeds: range, in_order: str) -> None:
    """Deliver the events in the order of each seed, and compare the rows."""
    for seed in seeds:
        for delivered in deliveries(seed):
            deliver(*delivered)
        assert inbox.state() == in_order, f"seed {seed}"
        delete_all()


# tests/long has more.
def test_every_order_leaves_the_same_rows(inbox, in_order):
    deliver_shuffled(inbox, SEEDS, in_order)
