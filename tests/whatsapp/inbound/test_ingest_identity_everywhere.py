"""Who a customer is, by name and number: in the row, on the page, in the API and in the event of the lead."""

import re
from html import unescape
from typing import Any, NamedTuple

from conversations.models import Conversation, Customer
from leadsite.webhooks.models import WebhookEvent
from tests.cases import each_case
from tests.conversations.test_phone_entry_points import PHONE as SPELT
from tests.conversations.test_phone_entry_points import SPELLINGS
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_shared_numbers import card
from tests.whatsapp.sheena import PHONE, by_id
from tests.whatsapp.views import Views

SHEENA = ("Sheena Nelson", PHONE)


class Named(NamedTuple):
    """The name and the number of the one customer; what the page has as its heading, and below it."""

    row: tuple[str, str | None]
    page: tuple[str, str]
    api: tuple[str, str | None]
    event: tuple[str, str | None] | None


def named(views: Views) -> Named:
    customer, thread = Customer.objects.get(), Conversation.objects.get()
    page = views.panes(thread)
    heading = re.search(r'inbox-customer-name"><bdi>(.*?)</bdi>', page)
    phone = re.search(r'<bdi dir="ltr">(\+.*?)</bdi>', page)
    answer = views.business.client.get(f"/api/conversations/{thread.pk}").json()
    told = [event.payload["data"] for event in WebhookEvent.objects.filter(type="lead.created").order_by("pk")]
    return Named(
        (customer.name, customer.phone),
        (unescape(heading[1]) if heading else "", phone[1] if phone else ""),
        (answer["customer_name"], answer["customer_phone"]),
        (told[-1]["customer_name"], told[-1]["customer_phone"]) if told else None,
    )


def known_as(name: str, phone: str | None) -> Named:
    return Named((name, phone), (name or phone or "", phone or ""), (name, phone), (name, phone))


NOT_HERS = meta.contact("5215512345678", user_id=None)
ONE_CONTACT: dict[str, tuple[str, dict[str, Any]]] = {
    "with the sender's number": ("messages", {"contacts": [meta.contact()]}),
    "with another number": ("messages", {"contacts": [NOT_HERS]}),
    "without identifiers": ("messages", {"contacts": [{"profile": {"name": "Sheena Nelson"}}]}),
    "of a message without sender": (
        "messages",
        {"contacts": [meta.contact()], "messages": [meta.text("Hello", from_=None)]},
    ),
    "of a message without sender, beside statuses": (
        "messages",
        {
            "contacts": [meta.contact()],
            "messages": [meta.text("Hello", from_=None)],
            "statuses": [meta.status("read", recipient_id="491512344000")],
        },
    ),
    "in standby": ("standby", {"contacts": [{"profile": {"name": "Sheena Nelson"}}]}),
    "in a field that is not known": ("field_of_tomorrow", {"contacts": [NOT_HERS]}),
}


@each_case(("case", "field", "parts"), [(name, *case) for name, case in ONE_CONTACT.items()])
def test_the_one_contact_names_the_sender(inbox, views, case, field, parts):
    inbox.gets_change(field, **{"messages": [meta.text("Hello")]} | parts)
    assert named(views) == known_as(*SHEENA)
    assert views.events() == ["message.received: Hello", "lead.created: Hello"]


@each_case("name", ["\u3164", "\u200e", "\u200b", "\ufeff \u2800", "\u2060\u202e\u202c", " \u3164\u200b "])
def test_a_name_of_invisible_characters_is_none(inbox, views, name):
    inbox.gets(meta.text("Hello"), contacts=[meta.contact(name=name)])
    assert named(views) == known_as("", PHONE)


@each_case("spelling", [*SPELLINGS, "\u200e0049 151 23440001", "4915123440001"])
def test_a_senders_number_has_one_spelling(inbox, views, spelling):
    for text in ("Hello", "Hello?"):
        inbox.gets(meta.text(text, from_=spelling))
    inbox.gets(meta.text("Anybody?", from_=SPELT[1:]))
    assert named(views) == known_as("", SPELT)
    assert inbox.counts() == (1, 1, 1, 3)


@each_case(
    ("one", "other"),
    [
        ("22507123456", "2250707123456"),
        ("22901234567", "2290101234567"),
        ("5511987654321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("5491123456789", "541123456789"),
    ],
)
@each_case("swapped", [True, False])
def test_the_former_and_the_present_form_of_a_number_are_one_customer(inbox, views, one, other, swapped):
    first, second = (other, one) if swapped else (one, other)
    inbox.gets(meta.text("Hello", from_=first))
    inbox.gets(meta.text("Hello?", from_=second))
    assert named(views) == known_as("", f"+{first}")
    assert views.told() == ["message.received: Hello", "lead.created: Hello", "message.received: Hello?"]


HIDDEN = known_as("", None)._replace(page=(f"Number hidden ({meta.SHEENA_ID})", ""))


class TestTheirOwnNumber:
    """A customer without number sends a contact card."""

    CARD = "Sheena, +16505551234"

    def assert_seen(self, inbox, views, name, *, told_before):
        """Also on what was written before. A number that is filled later is no event: docs/webhooks.md."""
        assert named(views)[:3] == known_as(name, PHONE)[:3]
        (thread,) = inbox.conversations
        assert views.rows(thread) == ["in text: Hello", f"in contacts: {self.CARD}"]
        assert views.page(thread) == ["Hello", f"Contact / {self.CARD}"]
        assert [one["text"] for one in views.answers(thread)] == ["Hello", self.CARD]
        assert views.told()[: len(told_before) + 1] == [*told_before, f"message.received: {self.CARD}"]

    def test_on_request_it_fills_the_blank_number(self, inbox, views):
        inbox.gets(by_id("Hello"))
        assert named(views) == HIDDEN
        inbox.gets(card())
        self.assert_seen(inbox, views, "", told_before=["message.received: Hello", "lead.created: Hello"])

    def test_the_first_message_has_it_in_the_event_of_the_lead(self, inbox, views):
        inbox.gets(card())
        assert named(views) == known_as("", PHONE)
        assert views.events() == [f"message.received: {self.CARD}", f"lead.created: {self.CARD}"]

    def test_it_finds_the_customer_of_a_form(self, inbox, views):
        inbox.business.has_lead(customer_phone=PHONE, customer_name="Sheena N.", details="A cake")
        inbox.gets(card())
        assert named(views) == known_as("Sheena N.", PHONE)
        assert views.events() == ["lead.created: A cake", f"message.received: {self.CARD}"]

    def test_it_merges_the_two(self, inbox, views):
        inbox.business.has_lead(customer_phone=PHONE, customer_name="Sheena N.", details="A cake")
        inbox.gets(by_id("Hello"))
        inbox.gets(card())
        told = ["lead.created: A cake", "message.received: Hello", "lead.created: Hello"]
        self.assert_seen(inbox, views, "Sheena N.", told_before=[*told, "lead.deleted: Hello"])

    @each_case("origin", ["other", None])
    def test_a_card_of_somebody_moves_nobody(self, inbox, views, origin):
        inbox.gets(by_id("Hello"), card(origin=origin))
        assert named(views) == HIDDEN
        assert views.events() == ["message.received: Hello", f"message.received: {self.CARD}", "lead.created: Hello"]
