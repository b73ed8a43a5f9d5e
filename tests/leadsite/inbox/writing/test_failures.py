"""Messages that did not arrive: counted, listed, explained, sent again or left."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message
from leadsite.inbox.chats import counts, read_page
from leadsite.inbox.writing.failures import TOO_LATE, TWICE
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, says, viewer
from tests.staff import Staff, member_of, staff_of
from whatsapp.channels import stop_channel
from whatsapp.models import Channel

INBOX = "/admin/inbox/"
REASON = "131026: Message undeliverable."


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def channel(owner: Business) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id="106540352242922")


def open_chat(owner: Business, channel: Channel, name: str = "Amina") -> Conversation:
    chat = asks(owner, name)
    says(chat, "And?", channel_id=channel.pk)
    return chat


def page_of(person: Staff, path: str, **query: str) -> str:
    return str(person.get(path, **query).content.decode())


def post(person: Staff, chat: Conversation, path: str, message: Message, **form: str) -> Any:
    return person.client.post(f"{INBOX}{chat.pk}/{path}/", {"message": str(message.pk), **form})


def test_failed_and_unknown_ones_are_counted_and_listed(owner: Business, stranger: Business, person: Staff):
    failed, fine = asks(owner, "Amina"), asks(owner, "Fine")
    unknown = asks(owner, "Ben")
    for status in ("failed", "failed"):
        answers(failed, "No", status=status, error=REASON)
    answers(failed, "Later, and it arrived", status="read")
    answers(unknown, "Perhaps", status="unknown")
    answers(fine, "Yes", status="read")
    answers(asks(stranger, "Secret"), "No", status="failed")
    assert counts(viewer(owner))["failed"] == 3
    rows = {row.customer: (row.undelivered, row.failed) for row in read_page(viewer(owner), "failed").rows}
    assert rows == {"Amina": (2, 2), "Ben": (1, 0)}
    page = page_of(person, INBOX, tab="failed")
    assert 'Not sent <span class="inbox-count">3</span>' in page
    assert "2 not sent" in page
    assert "Perhaps sent" in page
    Conversation.objects.filter(pk=failed.pk).update(deleted_at=timezone.now())
    assert counts(viewer(owner))["failed"] == 1
    assert [row.customer for row in read_page(viewer(owner), "failed").rows] == ["Ben"]


def test_a_failed_one_says_why_and_what_to_do(owner: Business, person: Staff, channel: Channel):
    chat = open_chat(owner, channel)
    failed = answers(chat, "Yes", status="failed", error=REASON)
    page = page_of(person, f"{INBOX}{chat.pk}/")
    assert REASON in page
    assert "The customer did not receive this. Change what the reason says" in page
    assert post(person, chat, "again", failed).status_code == 302
    assert Message.objects.filter(status="queued", content="Yes").count() == 1
    assert counts(viewer(owner))["failed"] == 0
    assert "did not receive this" not in page_of(person, f"{INBOX}{chat.pk}/")


def test_an_unknown_one_is_sent_again_only_after_it_was_said_what_may_happen(
    owner: Business, person: Staff, channel: Channel
):
    chat = open_chat(owner, channel)
    unknown = answers(chat, "Yes", status="unknown")
    assert str(TWICE) in page_of(person, f"{INBOX}{chat.pk}/")
    asked = post(person, chat, "again", unknown)
    assert (asked.status_code, Message.objects.filter(status="queued").count()) == (422, 0)
    assert f"Not sent yet: {TWICE}" in asked.content.decode()
    assert post(person, chat, "again", unknown, sure="1").status_code == 302
    assert Message.objects.filter(status="queued").count() == 1


def test_after_the_window_a_template_is_advised(owner: Business, person: Staff, channel: Channel):
    chat = asks(owner, "Amina", minutes_ago=60 * 30)
    old = timezone.now() - timedelta(hours=30)
    Message.objects.update(channel_id=channel.pk, sort_at=old, provider_time=old)
    failed = answers(chat, "Yes", status="failed", error="131047: Re-engagement message")
    page = page_of(person, f"{INBOX}{chat.pk}/")
    assert str(TOO_LATE) in page
    assert "data-writing-open" in page
    assert post(person, chat, "again", failed).status_code == 302


def test_an_unknown_one_arrived(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    unknown = answers(chat, "Yes", status="unknown")
    assert "It arrived" in page_of(person, f"{INBOX}{chat.pk}/")
    assert post(person, chat, "settle", unknown, decision="arrived").status_code == 302
    unknown.refresh_from_db()
    assert unknown.status == "sent"
    assert counts(viewer(owner))["failed"] == 0
    assert post(person, chat, "settle", unknown, decision="leave").status_code == 422


def test_one_that_is_left_is_listed_no_more(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    failed = answers(chat, "Yes", status="failed", error=REASON)
    assert post(person, chat, "settle", failed, decision="leave").status_code == 302
    assert counts(viewer(owner))["failed"] == 0
    assert read_page(viewer(owner), "failed").rows == []
    page = page_of(person, f"{INBOX}{chat.pk}/")
    assert REASON in page
    assert "Leave it" not in page


def test_others_decide_nothing(owner: Business, stranger: Business):
    chat = asks(owner, "Amina")
    failed = answers(chat, "Yes", status="failed", error=REASON)
    for path in ("again", "settle"):
        assert post(staff_of(stranger), chat, path, failed, decision="leave").status_code == 404
        assert post(member_of(stranger, "viewer", f"{path}@v.example"), chat, path, failed).status_code == 403
    viewing = member_of(owner, "viewer")
    assert "did not receive this" in page_of(viewing, f"{INBOX}{chat.pk}/")
    assert "Leave it" not in page_of(viewing, f"{INBOX}{chat.pk}/")
    assert post(viewing, chat, "settle", failed, decision="leave").status_code == 403
    other = asks(owner, "Ben")
    assert post(staff_of(owner), other, "settle", failed, decision="leave").status_code == 404


def test_a_stopped_number_is_on_the_first_page(owner: Business, stranger: Business, person: Staff, channel: Channel):
    stop_channel(channel_id=channel.pk, reason="190: the access token has expired.")
    page = page_of(person, INBOX)
    assert 'sends nothing: <bdi class="foreign">190: the access token has expired.</bdi>' in page
    assert f"/admin/whatsapp/channel/{channel.pk}/" in page
    assert "sends nothing" not in page_of(staff_of(stranger), INBOX)
