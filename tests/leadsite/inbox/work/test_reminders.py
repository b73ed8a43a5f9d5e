"""Chats that are snoozed and come back, and leads to follow up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Conversation
from leads.models import Lead
from leadsite.inbox.chats import counts, read_page
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, chat_of, says, viewer
from tests.staff import Staff, staff_of
from tests.whatsapp import meta, webhook_client
from whatsapp.models import Channel

INBOX = "/admin/inbox/"
PAST = timedelta(seconds=1)


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def chat(owner: Business) -> Conversation:
    return asks(owner, "Amina", minutes_ago=5)


def names(business: Business, tab: str) -> list[str]:
    return [row.customer for row in read_page(viewer(business), tab).rows]


def page_of(person: Staff, chat: Conversation) -> str:
    return str(person.get(f"{INBOX}{chat.pk}/", tab="all").content.decode())


@pytest.mark.parametrize("until", ["later", "tomorrow", "next_week", "2031-07-01T09:30"])
def test_a_snoozed_chat_is_away_and_comes_back_on_top(owner: Business, person: Staff, chat: Conversation, until: str):
    Conversation.objects.filter(pk=chat.pk).update(assigned_to=owner.id)
    asks(owner, "Newer")
    assert names(owner, "waiting") == ["Newer", "Amina"]
    assert person.client.post(f"{INBOX}{chat.pk}/snooze/", {"until": until}).status_code == 302
    assert [names(owner, tab) for tab in ("waiting", "mine", "snoozed")] == [["Newer"], [], ["Amina"]]
    assert names(owner, "all") == ["Newer", "Amina"]
    Conversation.objects.filter(pk=chat.pk).update(snoozed_until=timezone.now() - timedelta(hours=1))
    assert [names(owner, tab) for tab in ("waiting", "mine", "snoozed")] == [["Amina", "Newer"], ["Amina"], []]
    assert counts(viewer(owner))["waiting"] == 2
    assert "Back since" in page_of(person, chat)
    assert person.client.post(f"{INBOX}{chat.pk}/snooze/", {"until": ""}).status_code == 302
    assert names(owner, "waiting") == ["Newer", "Amina"]


def test_a_customer_who_writes_is_back_at_once(owner: Business):
    Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL)
    for number in range(2):  # the second joins the conversation of the first
        message = meta.text("Hello", from_="4915123456789", timestamp=1_800_000_000 + number)
        webhook_client.receive(meta.body(meta.messages_value(messages=[message])))
        chat = Conversation.objects.get()
        assert chat.snoozed_until is None
        Conversation.objects.update(snoozed_until=timezone.now() + timedelta(days=1))
    owner.post_lead(customer_phone="+4915123456789")
    chat.refresh_from_db()
    assert chat.snoozed_until is not None  # a form is no message


def test_an_answer_is_done_with_what_has_come_back_and_closing_with_all(
    owner: Business, person: Staff, chat: Conversation
):
    path = f"{INBOX}{chat.pk}/"
    later = timezone.now() + timedelta(days=1)
    for until, kept in ((timezone.now() - PAST, None), (later, later)):
        Conversation.objects.filter(pk=chat.pk).update(snoozed_until=until)
        assert person.client.post(f"{path}reply/", {"text": "Yes"}).status_code == 302
        chat.refresh_from_db()
        assert chat.snoozed_until == kept
    person.client.post(f"{path}conversation/", {"status": "completed"})
    chat.refresh_from_db()
    assert chat.snoozed_until is None


def test_a_lead_to_follow_up_is_on_top_until_that_is_done(owner: Business, person: Staff):
    quiet = chat_of(owner, "Quiet")
    answers(quiet, "Offer", at=timezone.now() - timedelta(days=9))
    asks(owner, "Newer")
    lead = quiet.leads.get()
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now() + timedelta(days=1))
    assert names(owner, "waiting") == ["Newer"]
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now() - PAST)
    assert names(owner, "waiting") == ["Quiet", "Newer"]
    says(quiet, "Hello?")
    assert names(owner, "waiting") == ["Quiet", "Newer"]
    assert counts(viewer(owner))["waiting"] == 2
    assert "Follow up" in person.get(f"{INBOX}list/", tab="waiting").content.decode()
    Lead.objects.filter(pk=lead.pk).update(status="lost", lost_reason="x")
    assert names(owner, "waiting") == ["Quiet", "Newer"]  # the customer waits
    answers(quiet, "Yes")
    assert names(owner, "waiting") == ["Newer"]
