"""Replying in a real browser. Screenshots are in tmp_path (pytest --basetemp keeps them)."""

from pathlib import Path

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message
from leadsite.accounts.models import User
from tests.browser import assert_fits_a_phone, assert_readable_in_both_themes, open_window
from tests.factories import Business
from tests.staff import address
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.mailing import AMINA
from whatsapp.models import Channel
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message

EMAIL, PASSWORD = "demo@leadsite.example", "correct horse battery"
WORDS = ".reply p, .reply label, .alert span, .advice p"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_staff_reply_and_see_alerts(owner: Business, live_server, tmp_path: Path):
    User.objects.create_superuser(EMAIL, PASSWORD)
    fields = {"display_number": "+49 30 5550100", "stopped_at": timezone.now()}
    reason = "190: Error validating access token: the session has expired. Store a new access token at the number."
    channel = Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL, stop_reason=reason, **fields)
    text = meta.text("Do you bake on Sundays?", from_=AMINA[1:], timestamp=int(timezone.now().timestamp()))
    body = meta.body(meta.messages_value(messages=[text], contacts=[meta.contact(AMINA[1:], name="Amina Yılmaz")]))
    webhook_client.receive(body)
    conversation = Conversation.objects.get()
    queued = send_message(
        user_id=owner.id, to=Recipient(phone="+4915100000002"), message=MessageContent(content="Hello")
    )
    Message.objects.filter(pk=queued.message_id).update(status="unknown", error="The provider did not answer in full.")
    unknown = Message.objects.get(pk=queued.message_id)
    closed = unknown.conversation

    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(EMAIL, PASSWORD)
        page.get_by_text("Open and decide").wait_for()
        path = address("change", conversation)
        assert_readable_in_both_themes(window, "/admin/overview/", tmp_path, "today", WORDS)
        assert_readable_in_both_themes(window, path, tmp_path, "conversation", WORDS)
        assert_readable_in_both_themes(window, address("change", closed), tmp_path, "closed", WORDS)
        assert_readable_in_both_themes(window, address("change", unknown), tmp_path, "unknown", WORDS)
        assert_readable_in_both_themes(window, address("change", channel), tmp_path, "number", WORDS)
        page.emulate_media(color_scheme="light")
        window.open(path)
        page.get_by_label("Reply on WhatsApp").fill("Yes, from eight until noon. Shall I keep something for you?")
        page.screenshot(path=tmp_path / "typed.png", full_page=True)
        page.get_by_role("button", name="Send", exact=True).click()
        page.locator(".tick-queued").wait_for()
        page.screenshot(path=tmp_path / "sent.png")
        assert page.get_by_label("Reply on WhatsApp").input_value() == ""
        window.open(address("change", unknown))
        page.get_by_role("button", name="It arrived").click()
        page.get_by_text("Marked as arrived.").wait_for()
        window.open(address("change", channel))
        page.get_by_role("button", name="Resume sending").click()
        page.get_by_text("Sending resumed.").wait_for()
        assert_fits_a_phone(window, tmp_path, "/admin/overview/", path, address("change", channel))
        assert window.errors == []

    assert Message.objects.filter(status="queued", content__startswith="Yes, from eight").count() == 1
