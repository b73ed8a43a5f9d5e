"""Deliveries and conversations in a real browser. Screenshots: pytest --basetemp keeps them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message
from leadsite.accounts.models import User
from tests.browser import assert_fits_a_phone, assert_readable_in_both_themes, open_window
from tests.factories import Business
from tests.staff import address
from tests.whatsapp import meta, webhook_client
from whatsapp.models import Channel, WebhookDelivery

EMAIL, PASSWORD = "demo@leadsite.example", "correct horse battery"
AMINA = "4915123456789"
WORDS = ".thread :is(.bubble-text, .bubble-foot, .bubble-chip, .bubble-quote, .bubble-error, .tick, .thread-notice)"
ADVICE = ".advice p, .delivery-body, nav span.rounded-xs"
LABELS = "#result_list span.rounded, #nav-sidebar-apps span.rounded-xs"
AD = {
    "source_url": "https://fb.me/3cr4Wqqkv",
    "source_type": "ad",
    "headline": "Wedding cakes from Sonnenallee",
    "body": "Three tiers, any taste. Message us for a date.",
}

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Phone:
    """Amina's phone: what she sends is delivered by Meta. The business's messages are added in between."""

    def __init__(self, business: Business) -> None:
        self.business, self.sent = business, 0
        # Noon, so that the conversation does not cross midnight.
        self.time = datetime(2026, 11, 20, 12, 4, tzinfo=UTC)

    def passes(self, **pause: int) -> None:
        self.time += timedelta(**pause)

    def sends(self, kind: str, part: Any = None, *, field: str = "messages", **more: Any) -> str:
        self.sent += 1
        self.passes(minutes=2)
        stamp = int(self.time.timestamp())
        sent = meta.message(kind, part, from_=AMINA, id=f"wamid.{self.sent}", timestamp=stamp, **more)
        who = [meta.contact(AMINA, name="Amina Yılmaz")]
        change = meta.change(field, meta.messages_value(messages=[sent], contacts=who))
        webhook_client.receive(meta.body(change))
        return f"wamid.{self.sent}"

    def says(self, words: str, **more: Any) -> str:
        return self.sends("text", {"body": words}, **more)

    def hears(self, words: str, status: str = "read", **more: Any) -> str:
        self.sent += 1
        self.passes(minutes=3)
        columns = {"user": self.business.user, "direction": "out", "status": status, "provider_time": self.time}
        columns["sort_at"] = self.time
        conversation = Conversation.objects.get()
        provider_id = f"wamid.{self.sent}"
        columns |= {"content": words, "provider_id": provider_id} | more
        Message.objects.create(conversation=conversation, **columns)
        return provider_id


def talk(phone: Phone) -> None:
    """Messages of every kind."""
    phone.says("Hello! Do you make wedding cakes? We are 40 people.", referral=AD)
    offer = phone.hears("Congratulations! Yes: lemon, pistachio or chocolate.\nWhich day is it?")
    reply = phone.says("Saturday the 12th. Lemon please", context={"id": offer, "from": meta.BUSINESS})
    edited = {"original_message_id": reply, "message": {"type": "text", "text": {"body": "Saturday the 19th. Lemon!"}}}
    phone.sends("edit", edited)
    phone.sends("image", {"id": "1", "mime_type": "image/jpeg", "caption": "Like this one"})
    phone.sends("audio", {"id": "2", "mime_type": "audio/ogg", "voice": True})
    price = phone.hears("Beautiful. Three tiers would be 340 €, delivery included.", status="delivered")
    phone.sends("reaction", {"message_id": price, "emoji": "❤"})
    phone.passes(days=1, hours=-3)
    phone.sends("location", {"latitude": 52.4836, "longitude": 13.4286, "name": "Heimathafen", "address": "Berlin"})
    phone.sends("document", {"id": "3", "mime_type": "application/pdf", "filename": "transfer-receipt.pdf"})
    friend = {"name": {"formatted_name": "Deniz Yılmaz"}, "phones": [{"phone": "+49 151 9999999"}]}
    phone.sends("contacts", [friend])
    wrong = phone.says("And a second cake with nuts")
    phone.sends("revoke", {"original_message_id": wrong})
    phone.sends("unsupported", {"type": "poll_creation"}, errors=[meta.error(131051, "Message type unknown")])
    changed = {"type": "user_changed_number", "body": "Amina changed her number to +49 151 23456780", "wa_id": AMINA}
    phone.sends("system", changed)
    phone.says("مرحبا، هل يمكن التوصيل صباحًا؟")
    phone.says("Is this the bakery that Deniz spoke of?", group_id="120363")
    phone.says("Do you deliver on Sundays?", field="standby")
    phone.hears("Yes, at ten.", status="sent", extras={"echo": True})
    phone.hears("Shall we write your names on it?", status="failed", error="131047: More than 24 hours have passed.")


def in_one_day() -> datetime:
    return timezone.now() + timedelta(days=1)


@pytest.fixture
def amina(owner) -> Phone:
    User.objects.create_superuser(EMAIL, PASSWORD)
    return Phone(owner)


def connect(business: Business) -> Channel:
    return Channel.objects.create(user=business.user, phone_number_id=meta.CHANNEL, display_number="+49 30 123456")


def failed_and_processed(body: bytes | memoryview) -> tuple[WebhookDelivery, WebhookDelivery]:
    """One delivery with an attempt tomorrow, and one processed with a note."""
    fields = {"provider": "cloud", "body": body, "attempts": 3, "error": "53200: out of memory"}
    tried = WebhookDelivery.objects.create(state="failed", next_attempt_at=in_one_day(), **fields)
    fields |= {"state": "processed", "error": "entry[0].changes[0].value.messages[0]: timestamp is missing"}
    return tried, WebhookDelivery.objects.create(**fields)


def test_an_operator_connects_a_number_and_replays_its_deliveries(amina, owner, live_server, tmp_path: Path):
    amina.says("Hello?")
    webhook_client.receive(b"not JSON at all")
    row, broken = (WebhookDelivery.objects.get(state=state) for state in ("unrouted", "failed"))
    tried, noted = failed_and_processed(row.body)

    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(EMAIL, PASSWORD)
        page.get_by_role("link", name="Deliveries").click()
        page.get_by_text("4 deliveries").wait_for()
        page.screenshot(path=tmp_path / "list.png")
        page.locator("#result_list tbody tr", has_text="Unrouted").get_by_role("link").click()
        page.get_by_text("Connect them, then replay.").wait_for()
        detail = page.url
        for name, one in (("unrouted", row), ("broken", broken), ("tried", tried), ("noted", noted)):
            assert_readable_in_both_themes(window, address("change", one), tmp_path, name, ADVICE)
        assert_readable_in_both_themes(window, address("changelist", WebhookDelivery), tmp_path, "list", LABELS)
        page.goto(detail)

        page.get_by_role("link", name="Add a WhatsApp number").click()
        page.get_by_label("Business*").select_option("Bella's Bakery")
        assert page.get_by_label("Phone number id").input_value() == meta.CHANNEL
        page.get_by_role("button", name="Save and continue editing").click()
        page.get_by_role("link", name="Show them, and replay").wait_for()
        page.screenshot(path=tmp_path / "number.png", full_page=True)
        page.goto(detail)
        page.get_by_text("is connected now: replay.").wait_for()
        page.get_by_role("button", name="Replay").click()
        page.get_by_text("Replayed: 1 processed.").wait_for()
        page.screenshot(path=tmp_path / "replayed.png")

        page.get_by_role("link", name="Deliveries", exact=True).click()
        page.locator("#action-toggle").check()
        page.locator("select[name=action]").select_option("replay")
        page.get_by_role("button", name="Run").click()
        page.get_by_text("Replayed: 3 processed, 1 still failed.").wait_for()
        page.screenshot(path=tmp_path / "replayed-list.png")
        paths = [address("changelist", WebhookDelivery), address("change", row), address("changelist", Channel)]
        assert_fits_a_phone(window, tmp_path, *paths)
        assert window.errors == []

    assert Message.objects.get().content == "Hello?"


def test_a_conversation_of_many_kinds_is_readable_in_both_themes_and_on_a_phone(
    amina, owner, live_server, tmp_path: Path
):
    connect(owner)
    talk(amina)
    path = address("change", Conversation.objects.get())
    lead = address("change", Conversation.objects.get().leads.get())

    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(EMAIL, PASSWORD)
        assert_readable_in_both_themes(window, path, tmp_path, "thread", WORDS)
        page.get_by_text("edited", exact=True).click()
        page.get_by_text("Saturday the 12th. Lemon please").wait_for()
        page.emulate_media(color_scheme="light")
        window.open(path)
        page.get_by_role("heading", name="Messages").evaluate("e => { e.scrollIntoView(); scrollBy(0, -24) }")
        page.screenshot(path=tmp_path / "admin-thread.png")
        window.open(lead)
        page.get_by_text("Wedding cakes from Sonnenallee").wait_for()
        page.screenshot(path=tmp_path / "lead.png", full_page=True)
        assert_fits_a_phone(window, tmp_path, path, lead)
        assert window.errors == []
