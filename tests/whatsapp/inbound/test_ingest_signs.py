"""Signs that are no message: they join the conversation that they are about, and open, reopen and move nothing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation
from tests.cases import each_case
from tests.whatsapp import meta

LATER = meta.NOON + 3600
TARGET = "wamid.question"
EDIT = {"original_message_id": TARGET, "message": {"type": "text", "text": {"body": "Two cakes"}}}
PERMISSION = {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}
SIGNS = {
    "reaction": meta.message("reaction", {"message_id": TARGET, "emoji": "👍"}, timestamp=LATER),
    "removed reaction": meta.message("reaction", {"message_id": TARGET}, timestamp=LATER),
    "edit": meta.message("edit", EDIT, timestamp=LATER),
    "revoke": meta.message("revoke", {"original_message_id": TARGET}, timestamp=LATER),
    "request_welcome": meta.message("request_welcome", timestamp=LATER),
    "unsupported edit": meta.message("unsupported", {"type": "edit"}, timestamp=LATER),
    "unsupported pin": meta.message("unsupported", {"type": "unknown", "raw_type": "pin"}, timestamp=LATER),
    "unsupported reaction": meta.message("unsupported", {"type": "reaction"}, timestamp=LATER),
    "unsupported deletion": meta.message("unsupported", {"type": "revoke"}, timestamp=LATER),
    "call permission": meta.message("interactive", PERMISSION, timestamp=LATER),
}
each_sign = pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)


def state_of(thread: Conversation) -> list[object]:
    thread.refresh_from_db()
    return [thread.status, thread.last_message_at, thread.last_inbound_at, thread.waiting_since]


@each_sign
@each_case("status", ["active", "completed", "archived"])
def test_a_sign_leaves_a_conversation_as_it_is(inbox, sign, status):
    inbox.gets(meta.text("One cake", id=TARGET))
    (thread,) = inbox.conversations
    Conversation.objects.update(status=status)
    before = state_of(thread)
    inbox.gets(sign)
    assert inbox.counts() == (1, 1, 1, 2)
    assert state_of(thread) == before
    assert inbox.leads[0].details == "One cake"


@each_sign
def test_a_sign_of_a_customer_without_conversation_is_held_without_a_lead(inbox, sign):
    inbox.gets(sign)
    assert inbox.counts() == (1, 1, 0, 1)
    assert state_of(inbox.conversations[0]) == ["completed", None, None, None]
    inbox.gets(meta.text("One cake", id=TARGET))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.leads[0].details == "One cake"
    assert inbox.conversations[0].status == "active"


def test_a_sign_joins_the_conversation_of_its_target_and_not_the_newest(inbox):
    inbox.gets(meta.text("One cake", id=TARGET))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("Another cake"))
    old, new = inbox.conversations
    inbox.gets(SIGNS["reaction"])
    assert (old.messages.count(), new.messages.count()) == (2, 1)


def test_a_sign_about_a_message_of_another_customer_joins_the_senders_conversation(inbox):
    inbox.gets(meta.text("One cake", id=TARGET, from_="4915111111111"))
    inbox.gets(meta.text("Hello"))
    inbox.gets(SIGNS["reaction"])
    assert [thread.messages.count() for thread in inbox.conversations] == [1, 2]


def test_a_thumb_on_a_broadcast_is_no_lead_and_reopens_nothing(inbox):
    lead = inbox.business.has_lead(customer_phone=f"+{meta.SHEENA}")
    Conversation.objects.update(status="archived")
    inbox.gets_change("message_echoes", message_echoes=[meta.echo("Sale!", id=TARGET)])
    inbox.gets(SIGNS["reaction"])
    (thread,) = inbox.conversations
    assert (thread.pk, thread.status, len(inbox.leads)) == (lead.conversation_id, "archived", 1)


def test_a_sign_of_the_business_is_no_answer(inbox):
    inbox.gets(meta.text("One cake", id=TARGET))
    inbox.gets_change(
        "message_echoes",
        message_echoes=[
            meta.message("reaction", {"message_id": TARGET, "emoji": "👍"}, from_=meta.BUSINESS, to=meta.SHEENA)
        ],
    )
    assert inbox.conversations[0].waiting_since is not None


UNREADABLE = SIGNS["unsupported edit"] | {"id": "wamid.ghost"}
REAL = meta.text("Two cakes", id="wamid.ghost", timestamp=LATER)
LATER_AT = datetime.fromtimestamp(LATER, UTC)


@pytest.mark.parametrize("status", [None, "active", "completed", "archived"])
def test_the_words_of_what_was_held_as_a_sign_are_a_new_message(inbox, status):
    if status:
        inbox.gets(meta.text("One cake"))
        Conversation.objects.update(status=status, waiting_since=None)
    inbox.gets(UNREADABLE)
    inbox.gets(REAL)
    before = inbox.messages
    inbox.gets(UNREADABLE, REAL)
    thread = inbox.conversations[-1]
    assert inbox.counts() == {None: (1, 1, 1, 1), "archived": (1, 2, 2, 2)}.get(status, (1, 1, 1, 2))
    assert thread.messages.order_by("sort_at").last().content == "Two cakes"
    assert state_of(thread)[:3] == ["active", LATER_AT, LATER_AT]
    assert thread.waiting_since is not None
    assert inbox.leads[-1].details == ("One cake" if status in ("active", "completed") else "Two cakes")
    assert [row.updated_at for row in inbox.messages] == [row.updated_at for row in before]


def test_what_was_held_as_a_sign_and_is_another_sign_stays_held(inbox):
    inbox.gets(UNREADABLE)
    inbox.gets(SIGNS["edit"] | {"id": "wamid.ghost"})
    assert inbox.counts() == (1, 1, 0, 1)
    assert state_of(inbox.conversations[0]) == ["completed", None, None, None]


@pytest.mark.parametrize(("status", "then"), [("active", "active"), ("completed", "active"), ("archived", "archived")])
def test_the_words_of_a_placeholder_reopen_its_conversation_as_a_message_does(inbox, status, then):
    inbox.gets(meta.message("unsupported", errors=[meta.error(131060)], id="wamid.ghost", timestamp=LATER))
    Conversation.objects.update(status=status)
    inbox.gets(REAL)
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.conversations[0].status == then
    assert inbox.leads[0].details == "Two cakes"


AD = {"source_id": "1202", "source_type": "ad", "headline": "Cakes", "ctwa_clid": "clid-1"}
WELCOME = meta.message("request_welcome", referral=AD)
FIRST_WORDS = meta.text("Two cakes", timestamp=LATER)


def test_a_sign_that_arrives_after_the_words_brings_its_advertisement_too(inbox):
    inbox.gets(FIRST_WORDS)
    inbox.gets(WELCOME)
    assert (inbox.leads[0].referral or {})["ctwa_clid"] == "clid-1"


def test_the_referrals_of_many_new_leads_take_as_many_statements_as_those_of_two(inbox):
    counts = []
    for size in (2, 20):
        numbers = [f"49151{size:02}{n:06}" for n in range(size)]
        inbox.gets(*(meta.message("request_welcome", referral=AD, from_=number) for number in numbers))
        with CaptureQueriesContext(connection) as queries:
            inbox.gets(*(meta.text("Two cakes", from_=number, timestamp=LATER) for number in numbers))
        counts.append(len(queries))
    assert len(inbox.leads) == 22
    assert all(lead.referral for lead in inbox.leads)
    assert counts[0] == counts[1]


def test_the_advertisement_is_found_in_a_conversation_of_another_system(inbox):
    """Whose id sorts after all of ours."""
    inbox.business.has_lead(customer_phone=f"+{meta.SHEENA}")
    Conversation.objects.update(status="archived", created_at=datetime(2025, 1, 1, tzinfo=UTC))
    (first,) = inbox.conversations
    Conversation.objects.create(
        pk=UUID("ffffffff-ffff-4fff-bfff-ffffffffffff"),
        user_id=first.user_id,
        customer_id=first.customer_id,
        status="archived",
        created_at=datetime(2025, 6, 1, tzinfo=UTC),
    )
    inbox.gets(WELCOME)
    inbox.gets(FIRST_WORDS)
    assert [lead.referral and lead.referral["ctwa_clid"] for lead in inbox.leads] == [None, "clid-1"]
