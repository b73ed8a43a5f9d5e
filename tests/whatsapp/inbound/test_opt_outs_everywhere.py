"""Opting out and in, as staff and programs see it: the customer's row, the page, the API and the events."""

import itertools
from typing import Any

import pytest
from django.urls import reverse

from conversations.models import Conversation, Customer, Message
from tests.cases import each_case
from tests.envelope import refused
from tests.whatsapp import meta
from tests.whatsapp.inbound.meta.test_preferences import choice
from tests.whatsapp.mailing import TEMPLATE, reloaded
from tests.whatsapp.outbound.test_enqueue_opt_outs import has_template
from tests.whatsapp.outbound.test_requeue import failed
from tests.whatsapp.sheena import PHONE
from tests.whatsapp.twilio_forms import BUSINESS, MESSAGE, STATUS, TOKEN
from tests.whatsapp.views import Views
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.channels import connect_channel
from whatsapp.models import MessageTemplate

STOPPED = "The customer does not want marketing messages any more"
RESUMED = "The customer wants marketing messages again"
HELLO = ["message.received: Hello", "lead.created: Hello"]
_sids = itertools.count(1)


def assert_choice(views: Views, *, opted_out: bool) -> None:
    """The customer, the page and the API say the same."""
    customer, thread = Customer.objects.get(), Conversation.objects.get()
    answer = views.business.client.get(f"/api/conversations/{thread.pk}").json()
    shown = answer["customer_marketing_opted_out_at"], "Wants no marketing" in views.panes(thread)
    assert (customer.marketing_opted_out_at is not None, shown[0] is not None, shown[1]) == (opted_out,) * 3
    assert customer.marketing_choice_at is not None


class TestMeta:
    @pytest.fixture(autouse=True)
    def hello(self, inbox, views):
        inbox.gets(meta.text("Hello", timestamp=meta.NOON - 60))

    def test_a_preference(self, inbox, views):
        inbox.gets_change("user_preferences", user_preferences=[choice()])
        assert_choice(views, opted_out=True)
        rows, page, api, events = views.seen()
        assert (rows[1], page[1], api[1]) == (
            f"in user_preferences: {STOPPED}",
            STOPPED,
            f"in user_preferences: {STOPPED}",
        )
        assert events == [*HELLO, f"message.received: {STOPPED}"]
        inbox.gets_change("user_preferences", user_preferences=[choice("resume", timestamp=meta.NOON + 60)])
        assert_choice(views, opted_out=False)
        assert [views.page(inbox.conversations[0])[2], views.told()[-1]] == [RESUMED, f"message.received: {RESUMED}"]
        assert inbox.counts() == (1, 1, 1, 3)

    @each_case(
        ("words", "tap"),
        [
            ("Stop promotions", meta.message("button", {"text": "Stop promotions", "payload": "1"})),
            (
                "Unsubscribe",
                meta.message(
                    "interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Unsubscribe"}}
                ),
            ),
        ],
    )
    def test_a_tap(self, inbox, views, words, tap):
        inbox.gets(tap)
        assert_choice(views, opted_out=True)
        rows, page, api, events = views.seen()
        assert (rows[1], api[1]) == (f"in {tap['type']}: {words}",) * 2
        assert page[1].endswith(f" / {words}")
        assert events == [*HELLO, f"message.received: {words}"]
        assert inbox.counts() == (1, 1, 1, 2)

    def test_error_131050(self, mailing, inbox, views):
        row = mailing.writes(to=PHONE)
        mailing.send_due()
        inbox.gets_statuses(failed(131050, reloaded(row).provider_id))
        assert_choice(views, opted_out=True)
        text = f"message.status: {row.content}"
        assert views.seen().events == [*HELLO, f"{text} (sent)", f"{text} (failed)"]
        assert reloaded(row).error in views.panes(row.conversation)

    def test_marketing_is_refused_then_and_seen_nowhere(self, mailing, inbox, views):
        inbox.gets_change("user_preferences", user_preferences=[choice()])
        has_template(mailing.business, "marketing")
        before = views.seen()
        (thread,) = inbox.conversations
        for path, to in (("/api/whatsapp", {"to": PHONE}), (f"/api/conversations/{thread.pk}/messages", {})):
            assert refused(mailing.post(path, template=TEMPLATE, **to), 409)["code"] == "opted_out"
        form = {"template": str(MessageTemplate.objects.get().pk), "send": "1"}
        answer = views.staff.client.post(reverse("inbox-template", args=[thread.pk]), form)
        assert "wants no marketing" in answer.content.decode()
        assert views.seen() == before
        assert not Message.objects.filter(direction="out").exists()


class TestTwilio:
    @pytest.fixture
    def gets(self, owner, settings):
        settings.PUBLIC_URL = ""
        connect_channel(user_id=owner.id, phone_number_id=BUSINESS, access_token=TOKEN)
        self.views = Views(owner)

        def deliver(body: str, form: Any = MESSAGE, **fields: str) -> None:
            ids = dict.fromkeys(("MessageSid", "SmsSid", "SmsMessageSid"), f"SM{next(_sids):032}")
            assert deliver_form(provider_client(), form | {"Body": body} | ids | fields).status_code == 200

        return deliver

    @each_case(("word", "fields"), [("STOP", {}), ("Unsubscribe", {}), ("Arrêt", {"OptOutType": "STOP"})])
    def test_a_word_and_its_opposite(self, gets, word, fields):
        gets("Hello")
        gets(word, **fields)
        assert_choice(self.views, opted_out=True)
        gets("START")
        assert_choice(self.views, opted_out=False)
        rows, page, api, events = self.views.seen()
        said = ["Hello", word, "START"]
        assert (rows, page, api) == ([f"in text: {one}" for one in said], said, rows)
        assert events == [*HELLO, f"message.received: {word}", "message.received: START"]

    def test_error_21610(self, gets, owner):
        gets("Hello")
        thread = Conversation.objects.get()
        sent = {"message": "Your cake is ready"}
        owner.client.post(f"/api/conversations/{thread.pk}/messages", sent, format="json")
        row = Message.objects.get(direction="out")
        Message.objects.filter(pk=row.pk).update(provider_id="SMours", status="sent", due_at=None)
        gets("", STATUS, MessageSid="SMours", SmsSid="SMours", MessageStatus="failed", ErrorCode="21610")
        assert_choice(self.views, opted_out=True)
        assert self.views.seen().events[-1] == "message.status: Your cake is ready (failed)"
        assert "START" in reloaded(row).error
        assert row.error in self.views.panes(thread)
