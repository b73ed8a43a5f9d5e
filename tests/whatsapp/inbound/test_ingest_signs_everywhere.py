"""Signs as staff and programs see them: at what they point at though there is a newer conversation, and alone."""

from typing import Any, NamedTuple

from conversations.models import Conversation
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_calls import COMPLETED, CONNECT, RECORDED, TRANSCRIBED
from tests.whatsapp.inbound.test_ingest_signs import SIGNS, TARGET, state_of
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.views import Views


class Sign(NamedTuple):
    """`page`: how it is shown alone. `at`: what the page shows of it and of the message "One cake" that it is about."""

    message: dict[str, Any]
    row: str
    api: str
    page: str
    at: list[str]


def told(name: str, text: str, *, kind: str = "unsupported", page: str = "") -> Sign:
    """A sign that is shown below the message that it is about."""
    line = page or text
    return Sign(SIGNS[name], f"in {kind}: {text}", f"in {kind}: {text}", line, ["One cake", line])


TABLE = {
    "reaction": Sign(
        SIGNS["reaction"],
        row="in reaction: 👍",
        api="in reaction: 👍",
        page="Customer reacted 👍 to an earlier message",
        at=["One cake [👍 by The customer]"],
    ),
    "removed reaction": Sign(
        SIGNS["removed reaction"],
        row="in reaction: (reaction removed)",
        api="in reaction: (reaction removed)",
        page="Customer removed the reaction to an earlier message",
        at=["One cake"],
    ),
    "edit": Sign(
        SIGNS["edit"],
        row="in edit: Two cakes",
        api="in edit: Two cakes",
        page="Edited an earlier message / Two cakes",
        at=["Two cakes / edited / One cake"],
    ),
    "revoke": Sign(
        SIGNS["revoke"],
        row="in revoke: ",
        api="in revoke: Deleted a message",
        page="The customer deleted a message",
        at=["One cake [deleted by the customer]"],
    ),
    "request_welcome": told("request_welcome", "Opened the chat", kind="request_welcome")._replace(
        row="in request_welcome: "
    ),
    "unsupported edit": told("unsupported edit", "Edited a message; WhatsApp did not pass on the new text"),
    "unsupported pin": told("unsupported pin", "Pinned a message"),
    "unsupported reaction": told("unsupported reaction", "Reacted to a message; WhatsApp did not say how"),
    "unsupported deletion": told("unsupported deletion", "Deleted a message"),
    "call permission": told(
        "call permission", "Allows you to call", kind="interactive", page="Answered / Allows you to call"
    )._replace(at=["One cake", "“One cake” / Answered / Allows you to call"]),
}
assert TABLE.keys() == SIGNS.keys()
POINTING = ("reaction", "removed reaction", "edit", "revoke")


def two_conversations(inbox: Inbox) -> tuple[Conversation, Conversation]:
    """An archived one with the message "One cake", and a newer one."""
    inbox.gets(meta.text("One cake", id=TARGET))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("A pie", timestamp=meta.NOON + 60))
    old, new = inbox.conversations
    return old, new


OF_LEADS = [f"{event}: {said}" for said in ("One cake", "A pie") for event in ("message.received", "lead.created")]


def assert_it_joins(inbox: Inbox, views: Views, sign: Sign, there: Conversation, other: Conversation) -> None:
    """It is seen in one conversation, changes nothing of both, and is no event of a lead."""
    before, rows, others = [state_of(there), state_of(other)], views.rows(there), views.page(other)
    inbox.gets(sign.message)
    seen = views.seen(there)
    assert seen.rows == [*rows, sign.row]
    assert (seen.page, seen.api[-1]) == (sign.at, sign.api)
    assert seen.events == [*OF_LEADS, f"message.received: {sign.api.partition(': ')[2]}"]
    assert [state_of(there), state_of(other)] == before
    assert views.page(other) == others
    assert inbox.counts() == (1, 2, 2, 3)


@each_case(("name", "sign"), TABLE.items())
def test_what_is_about_an_older_message_is_seen_at_it_though_there_is_a_newer_conversation(inbox, views, name, sign):
    old, new = two_conversations(inbox)
    about = {} if name in POINTING else {"context": {"id": TARGET, "from": meta.BUSINESS}}
    assert_it_joins(inbox, views, sign._replace(message=sign.message | about), old, new)


@each_case(("name", "sign"), [(name, sign) for name, sign in TABLE.items() if name not in POINTING])
def test_what_is_about_nothing_is_seen_in_the_newest_conversation(inbox, views, name, sign):
    old, new = two_conversations(inbox)
    at = ["A pie", sign.page]
    assert_it_joins(inbox, views, sign._replace(at=at), new, old)


@each_case(("name", "sign"), TABLE.items())
def test_a_sign_alone_is_seen_everywhere_and_is_no_lead(inbox, views, name, sign):
    inbox.gets(sign.message)
    said = sign.api.partition(": ")[2]
    assert views.seen() == ([sign.row], [sign.page], [sign.api], [f"message.received: {said}"])
    assert inbox.counts() == (1, 1, 0, 1)


def test_a_thumb_on_a_broadcast_is_seen_at_it_and_is_no_lead(inbox, views):
    inbox.business.has_lead(customer_phone=f"+{meta.SHEENA}", details="A pie")
    Conversation.objects.update(status="archived")
    inbox.gets_change("message_echoes", message_echoes=[meta.echo("Sale!", id=TARGET)])
    inbox.gets(SIGNS["reaction"])
    rows, page, api, events = views.seen()
    assert rows == api == ["out text: Sale!", "in reaction: 👍"]
    assert page == ["Sale! [from the phone] [Sent] [👍 by The customer]"]
    assert events == ["lead.created: A pie", "message.received: 👍"]
    assert inbox.conversations[0].status == "archived"


CALLS = {
    "a recording": ([CONNECT, COMPLETED], RECORDED, "Call, 2 min, recorded"),
    "a transcript": ([CONNECT, COMPLETED], TRANSCRIBED, "Call, 2 min\nTwo cakes, please"),
}


@each_case(("before", "part", "text"), CALLS.values())
def test_what_comes_after_a_call_is_seen_in_its_conversation_though_there_is_a_newer_one(
    inbox, views, before, part, text
):
    for one in before:
        inbox.gets_change("calls", calls=[one])
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("A pie", timestamp=meta.NOON + 190))
    old, new = inbox.conversations
    states = [state_of(old), state_of(new)]
    inbox.gets_change("calls", calls=[part])
    seen = views.seen(old)
    assert (seen.rows, seen.page) == ([f"in call: {text}"], [text.replace("\n", " / ")])
    assert seen.api == [f"in call: {text}"]
    assert seen.events[-2:] == [f"message.received: {text}", f"lead.updated: {text}"]
    assert (views.page(new), [state_of(old), state_of(new)]) == (["A pie"], states)
    assert inbox.counts() == (1, 2, 2, 2)


@each_case(("part", "text"), [(RECORDED, "Call, recorded"), (TRANSCRIBED, "Call\nTwo cakes, please")])
def test_what_comes_after_a_call_that_is_not_stored_is_seen_and_is_no_lead(inbox, views, part, text):
    inbox.gets_change("calls", calls=[part])
    line = text.replace("\n", " / ")
    assert views.seen() == ([f"in call: {text}"], [line], [f"in call: {text}"], [f"message.received: {text}"])
    assert inbox.counts() == (1, 1, 0, 1)
