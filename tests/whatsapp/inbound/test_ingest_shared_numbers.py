"""Names of nothing, the one contact of a value, and customers without number who share their own on request."""

import pytest

from conversations.models import Customer
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.sheena import OTHER_ID, PHONE, by_both, by_id, by_phone, identities


def card(phone: str = meta.SHEENA, *, origin: str | None = "contact_request", **fields):
    """A contact card that the customer sends without showing their number."""
    entry = {"name": {"formatted_name": "Sheena"}, "phones": [{"phone": f"+{phone}", "wa_id": phone}]}
    fields = {"from_": None, "from_user_id": meta.SHEENA_ID, "timestamp": meta.NOON + 60} | fields
    return meta.message("contacts", [entry | ({"origin": origin} if origin else {})], **fields)


def test_an_answer_to_a_request_for_the_number_fills_the_blank_one(inbox):
    inbox.gets(by_id("Hello"))
    inbox.gets(card())
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
    assert inbox.counts() == (1, 1, 1, 2)
    body = inbox.business.client.get(f"/api/conversations/{inbox.conversations[0].pk}").json()
    assert body["customer_phone"] == PHONE
    page = staff_of(inbox.business).get(address("change", inbox.conversations[0])).content.decode()
    assert "+1 650" in page or PHONE in page
    inbox.gets(by_phone("And by phone"))
    assert inbox.counts() == (1, 1, 1, 3)


@pytest.mark.parametrize("origin", ["other", None, "unknown"])
def test_any_other_card_moves_nobody(inbox, origin):
    inbox.gets(by_id("Hello"), card(origin=origin))
    inbox.gets(card(origin=origin))
    assert identities(inbox) == [(None, meta.SHEENA_ID)]


@pytest.mark.parametrize("phones", [None, [], [{"phone": "call me"}], [{"wa_id": 5}], "x"])
def test_an_answer_without_a_number_is_a_message(inbox, phones):
    entry = {"origin": "contact_request", "phones": phones}
    delivery = inbox.gets(meta.message("contacts", [entry], from_=None, from_user_id=meta.SHEENA_ID))
    assert identities(inbox) == [(None, meta.SHEENA_ID)]
    assert (delivery.state, inbox.counts()) == ("processed", (1, 1, 1, 1))


def test_the_customer_of_a_form_and_the_one_without_number_are_merged(inbox):
    lead = inbox.business.has_lead(customer_phone=PHONE, customer_name="Sheena N.", details="A cake")
    inbox.gets(by_id("Hello"), contacts=[meta.contact(None, user_id=meta.SHEENA_ID, name="sheena")])
    assert inbox.counts()[0] == 2
    inbox.gets(card())
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.customers[0].name == "Sheena N."
    assert {message.conversation_id for message in inbox.messages} == {lead.conversation_id}


def test_a_form_after_the_first_message_keeps_its_lead_and_name(inbox):
    inbox.gets(by_id("Hello"), contacts=[meta.contact(None, user_id=meta.SHEENA_ID, name="sheena")])
    inbox.business.has_lead(customer_phone=PHONE, customer_name="Sheena N.", details="A cake")
    inbox.gets(card())
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
    assert inbox.counts() == (1, 1, 2, 2)
    assert inbox.customers[0].name == "Sheena N."


@pytest.mark.parametrize("together", [True, False])
def test_the_first_message_may_be_the_card(inbox, together):
    inbox.business.has_lead(customer_phone=PHONE)
    messages = [card(), by_id("Hello")]
    for delivery in [messages] if together else [[message] for message in messages]:
        inbox.gets(*delivery)
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
    assert inbox.counts() == (1, 1, 1, 2)


def test_a_repeated_card_changes_nothing_and_a_number_of_another_id_stays(inbox):
    inbox.gets(by_both("I am the other", user_id=OTHER_ID))
    inbox.gets(by_id("Hello"))
    again = card()
    inbox.gets(again)
    state = inbox.state()
    inbox.gets(again)
    assert inbox.state() == state
    assert sorted(identities(inbox), key=str) == sorted([(PHONE, OTHER_ID), (None, meta.SHEENA_ID)], key=str)


def test_a_number_of_another_business_is_not_touched(inbox, stranger):
    stranger.has_lead(customer_phone=PHONE)
    inbox.gets(by_id("Hello"))
    inbox.gets(card())
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
    assert Customer.objects.get(user=stranger.user).whatsapp_user_id is None


@pytest.mark.parametrize("name", ["\u3164", "\u200e\u200b", "\ufeff \u2800", "\u2060\u202e\u202c"])
def test_a_name_of_nothing_is_missing(owner, inbox, name):
    inbox.gets(meta.text("Hi"), contacts=[meta.contact(name=name)])
    assert inbox.customers[0].name == ""
    assert owner.client.get("/api/leads").json()["results"][0]["customer_name"] == ""
    assert PHONE in staff_of(owner).list(Customer) or "650" in staff_of(owner).list(Customer)
    inbox.gets(meta.text("Hi", timestamp=meta.NOON + 1), contacts=[meta.contact(name="Sheena")])
    assert inbox.customers[0].name == "Sheena"
    lead = f"/api/leads/{inbox.leads[0].pk}"
    assert owner.client.patch(lead, {"customer_name": name}, format="json").status_code == 400
    staff_of(owner).fill(address("change", inbox.customers[0]), name=name)
    assert inbox.customers[0].name == ""


def test_the_only_contact_names_the_sender_whatever_its_identifiers(inbox: Inbox):
    inbox.gets(meta.text("Hi"), contacts=[meta.contact("5215512345678", name="Sheena", user_id=meta.SHEENA_ID)])
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
    assert inbox.customers[0].name == "Sheena"
    inbox.gets(meta.text("Hi", from_="4915123456789"), contacts=[{"profile": {"name": "Amina"}}])
    assert {customer.name for customer in inbox.customers} == {"Sheena", "Amina"}
