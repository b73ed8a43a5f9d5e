"""Calls: their parts become one row, which says what became of the call."""

import random
from html import escape
from itertools import permutations

import pytest
from django.utils import timezone

from conversations.admin.thread_entries import read_thread
from conversations.models import Conversation
from tests.cases import each_case
from tests.staff import address, staff_of
from tests.whatsapp import meta

CALL = "wacid.1"
CONNECT = meta.call(id=CALL, session={"sdp_type": "offer", "sdp": "v=0"})


def ended(status="COMPLETED", *, after=30, **fields):
    return meta.call(id=CALL, event="terminate", timestamp=meta.NOON + after, status=status, **fields)


COMPLETED = ended(after=150, start_time=str(meta.NOON + 30), end_time=str(meta.NOON + 150), duration=120)
RECORDED = meta.call(id=CALL, event="recording", timestamp=meta.NOON + 200, media_id="77")
TRANSCRIBED = meta.call(id=CALL, event="transcript", timestamp=meta.NOON + 210, transcript="Two cakes, please")


def deliver_call(inbox, *parts):
    for part in parts:
        inbox.gets_change("calls", calls=[part], contacts=[meta.contact()])


def outgoing(part):
    return part | {"from": meta.BUSINESS, "to": meta.SHEENA, "direction": "BUSINESS_INITIATED"}


def deliver_status(inbox, state):
    inbox.gets_change("calls", statuses=[meta.status(state, id=CALL, type="call")])


def waiting(inbox):
    (thread,) = inbox.conversations
    return thread.waiting_since and int(thread.waiting_since.timestamp()) - meta.NOON


def assert_it_says(inbox, text):
    (row,) = inbox.messages
    assert (row.kind, row.content, row.provider_id) == ("call", text, CALL)
    (entry,) = read_thread(row.conversation).entries
    assert entry.chip
    assert "\n".join(part for part in (entry.chip.label, entry.text) if part) == text
    assert entry.tick is None
    page = staff_of(inbox.business).get(address("change", row.conversation)).content.decode()
    assert all(escape(line) in page for line in text.split("\n"))
    answer = inbox.business.client.get(f"/api/messages/{row.pk}").json()
    assert (answer["content"], answer["text"]) == (text, text)


@pytest.mark.parametrize(
    ("parts", "text", "waits_since"),
    [
        ([CONNECT], "Called", 0),
        ([CONNECT, ended("FAILED", duration=0)], "Missed call", 0),
        ([CONNECT, ended("COMPLETED")], "Missed call", 0),
        ([CONNECT, ended("REJECTED")], "Call declined", 0),
        ([CONNECT, COMPLETED], "Call, 2 min", None),
        ([CONNECT, ended("FAILED", duration=20)], "Call, 20 s", None),
        ([CONNECT, COMPLETED, RECORDED], "Call, 2 min, recorded", None),
        ([CONNECT, COMPLETED, RECORDED, TRANSCRIBED], "Call, 2 min, recorded\nTwo cakes, please", None),
    ],
)
def test_a_call_of_a_customer_is_one_row_and_a_lead(inbox, parts, text, waits_since):
    deliver_call(inbox, *parts)
    assert inbox.counts() == (1, 1, 1, 1)
    assert_it_says(inbox, text)
    assert inbox.leads[0].details == text
    assert waiting(inbox) == waits_since
    assert int(inbox.messages[0].provider_time.timestamp()) == meta.NOON
    assert inbox.customers[0].name == "Sheena Nelson"


@pytest.mark.parametrize(
    ("statuses", "parts", "text"),
    [
        ([], [CONNECT], "Called the customer"),
        (["RINGING"], [CONNECT, ended("COMPLETED")], "Call, not answered"),
        (["RINGING", "REJECTED"], [CONNECT, ended("COMPLETED")], "Call declined"),
        (["RINGING", "ACCEPTED"], [CONNECT], "Call"),
        (["RINGING", "ACCEPTED"], [CONNECT, COMPLETED], "Call, 2 min"),
    ],
)
def test_a_call_of_the_business_is_one_row_without_a_lead(inbox, statuses, parts, text):
    for state in statuses:
        deliver_status(inbox, state)
    deliver_call(inbox, *map(outgoing, parts))
    assert inbox.counts() == (1, 1, 0, 1)
    assert_it_says(inbox, text)
    assert (inbox.messages[0].direction, inbox.messages[0].status) == ("out", "sent")
    assert inbox.conversations[0].last_inbound_at is None


ORDERS = list(permutations([CONNECT, COMPLETED, RECORDED, TRANSCRIBED]))


def check_order_of_parts(inbox, order):
    deliver_call(inbox, *order, order[0])
    assert_it_says(inbox, "Call, 2 min, recorded\nTwo cakes, please")
    assert inbox.counts() == (1, 1, 1, 1)
    assert (waiting(inbox), inbox.conversations[0].status) == (None, "active")
    (row,), (thread,) = inbox.messages, inbox.conversations
    assert row.extras["events"].keys() == {"connect", "terminate", "recording", "transcript"}
    assert [int(at.timestamp()) - meta.NOON for at in (row.provider_time, row.sort_at, thread.last_message_at)] == [
        0,
        0,
        150,
    ]


@each_case("order", ORDERS[::4])
def test_the_order_of_the_parts_does_not_matter(inbox, order):
    check_order_of_parts(inbox, order)


def test_parts_of_one_delivery_become_one_row(inbox):
    parts = [RECORDED, COMPLETED, CONNECT, TRANSCRIBED]
    random.Random(5).shuffle(parts)
    inbox.gets_change("calls", calls=parts)
    assert_it_says(inbox, "Call, 2 min, recorded\nTwo cakes, please")
    assert inbox.counts() == (1, 1, 1, 1)


def test_a_repeated_part_changes_nothing(inbox):
    deliver_call(inbox, CONNECT, COMPLETED)
    before = inbox.messages[0].updated_at
    deliver_call(inbox, CONNECT, COMPLETED)
    assert inbox.messages[0].updated_at == before


def test_a_missed_call_reopens_a_completed_conversation_and_waits(inbox):
    inbox.gets(meta.text("One cake", timestamp=meta.NOON - 900))
    Conversation.objects.update(status="completed", waiting_since=None)
    deliver_call(inbox, CONNECT, ended("FAILED"))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.conversations[0].status == "active"
    assert inbox.leads[0].details == "One cake"


def test_an_answered_call_ends_the_waiting_and_a_later_message_waits_again(inbox):
    inbox.gets(meta.text("Please call me", timestamp=meta.NOON - 900))
    missed = meta.call(id="wacid.0", event="terminate", status="FAILED", timestamp=meta.NOON - 600)
    deliver_call(inbox, missed)
    assert waiting(inbox) == -900
    deliver_call(inbox, CONNECT, COMPLETED)
    assert waiting(inbox) is None
    inbox.gets(meta.text("One more thing", timestamp=meta.NOON + 500))
    assert waiting(inbox) == 500


def test_an_answered_call_of_the_business_is_an_answer_and_another_is_not(inbox):
    inbox.gets(meta.text("Please call me", timestamp=meta.NOON - 900))
    deliver_call(inbox, *map(outgoing, (CONNECT, ended("COMPLETED"))))
    assert waiting(inbox) == -900
    deliver_call(inbox, outgoing(COMPLETED))
    assert waiting(inbox) is None


@pytest.mark.parametrize("part", [RECORDED, TRANSCRIBED])
@pytest.mark.parametrize("status", ["completed", "archived"])
def test_a_recording_reopens_nothing(inbox, part, status):
    deliver_call(inbox, CONNECT, COMPLETED)
    Conversation.objects.update(status=status)
    before = inbox.conversations[0].last_message_at
    deliver_call(inbox, part)
    assert inbox.counts() == (1, 1, 1, 1)
    assert (inbox.conversations[0].status, inbox.conversations[0].last_message_at) == (status, before)
    assert inbox.messages[0].content != "Call, 2 min"


def test_a_recording_of_a_call_that_is_not_stored_is_held_without_a_lead(inbox):
    deliver_call(inbox, RECORDED)
    assert inbox.counts() == (1, 1, 0, 1)
    assert inbox.conversations[0].status == "completed"


def test_words_replace_a_missed_call_as_the_details(inbox):
    deliver_call(inbox, CONNECT, ended("FAILED"))
    inbox.gets(meta.text("I called about a cake", timestamp=meta.NOON + 60))
    assert inbox.leads[0].details == "I called about a cake"
    deliver_call(inbox, RECORDED)
    assert inbox.leads[0].details == "I called about a cake"


@pytest.mark.parametrize("parts", [[CONNECT], [COMPLETED], [CONNECT, ended("FAILED")], [CONNECT, COMPLETED]])
def test_a_call_opens_the_window(inbox, parts):
    now = int(timezone.now().timestamp())
    deliver_call(inbox, *(part | {"timestamp": str(now - 60), "start_time": None, "end_time": None} for part in parts))
    body = {"to": f"+{meta.SHEENA}", "message": "Sorry that we missed you"}
    answer = inbox.business.client.post("/api/whatsapp", body, format="json")
    assert (answer.status_code, answer.json()["window"]) == (202, "open")
