"""Identification of customers by phone number in any form, by WhatsApp user id, or by both."""

import pytest

from conversations.models import Conversation, Customer
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbox import post
from tests.whatsapp.sheena import PHONE, by_both, by_id, by_phone, identities
from whatsapp.models import WebhookDelivery


def test_a_customer_without_a_phone_number_becomes_a_lead(inbox):
    contact = meta.contact(wa_id=None, user_id=meta.SHEENA_ID, username="@sheena")
    inbox.gets(by_id("Does it come in another colour?"), contacts=[contact])
    assert inbox.counts() == (1, 1, 1, 1)
    assert identities(inbox) == [(None, meta.SHEENA_ID)]
    assert inbox.customers[0].name == "Sheena Nelson"
    (lead,) = inbox.business.client.get("/api/leads").json()["results"]
    assert lead["details"] == "Does it come in another colour?"


@each_case(
    "messages",
    [
        (by_phone, by_both),
        (by_id, by_both),
        (by_both, by_phone),
        (by_both, by_id),
        (by_both, by_phone, by_id),
        (by_phone, by_both, by_id),
        (by_id, by_both, by_phone),
    ],
)
@each_case("together", [True, False])
def test_phone_number_and_id_are_one_customer_once_a_message_has_both(inbox, messages, together):
    bodies = [message(f"Message {n}") for n, message in enumerate(messages)]
    for delivery in [bodies] if together else [[body] for body in bodies]:
        inbox.gets(*delivery)
    assert inbox.counts() == (1, 1, 1, len(messages))
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]


def test_phone_and_id_in_one_delivery_are_joined_by_the_message_with_both(inbox):
    inbox.gets(by_phone("1"), by_id("2"), by_both("3"))
    assert inbox.counts() == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [("5215512345678", "525512345678"), ("5491123456789", "541123456789"), ("5511987654321", "551187654321")],
)
def test_two_forms_of_a_number_are_one_customer_with_the_number_as_first_received(inbox, one, other):
    inbox.gets(meta.text("Hola", from_=one))
    inbox.gets(meta.text("Hola?", from_=other))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.customers[0].phone == f"+{one}"


def test_a_lead_from_a_form_and_the_same_persons_message_in_another_spelling_are_one_customer(inbox):
    inbox.business.has_lead(customer_phone="+55 11 98765-4321")
    inbox.gets(meta.text("Oi", from_="551187654321"))
    assert inbox.counts() == (1, 1, 1, 1)


def test_an_id_in_the_field_of_the_number_is_read_as_an_id(inbox):
    inbox.gets(meta.text(from_=meta.SHEENA_ID))
    assert identities(inbox) == [(None, meta.SHEENA_ID)]


def test_two_customers_found_by_one_message_are_not_merged(inbox):
    inbox.gets(by_phone("By phone"))
    inbox.gets(by_id("By id"))
    inbox.gets(by_both("By both"))
    assert identities(inbox) == [(PHONE, None), (None, meta.SHEENA_ID)]
    assert inbox.messages[-1].conversation.customer.whatsapp_user_id == meta.SHEENA_ID


def test_of_two_matching_customers_the_one_with_the_active_conversation_gets_the_message(inbox):
    inbox.gets(by_phone("By phone"))
    inbox.gets(by_id("By id"))
    Conversation.objects.filter(customer__whatsapp_user_id=meta.SHEENA_ID).update(status="completed")
    inbox.gets(by_both("By both"))
    assert inbox.messages[-1].conversation.customer.phone == PHONE


def test_a_repeated_message_creates_no_customer(inbox):
    first = meta.body(meta.messages_value(messages=[by_phone("Hello", id="wamid.1")]))
    post(first)
    Customer.objects.update(phone="+4915100000000")
    post(first)
    inbox.gets(by_id("Hello", id="wamid.1"))
    assert inbox.counts() == (1, 1, 1, 1)
    assert identities(inbox) == [("+4915100000000", None)]


def test_the_full_message_of_a_placeholder_creates_no_second_customer(inbox):
    inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.ad"))
    inbox.gets(by_id("How much?", id="wamid.ad"))
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.messages[0].content == "How much?"


def test_all_messages_from_one_id_with_two_numbers_in_one_delivery_are_stored(inbox):
    inbox.gets(by_both("1", phone="4915100000001"), by_both("2", phone="4915100000002", timestamp=meta.NOON + 9))
    assert inbox.counts() == (1, 1, 1, 2)
    assert WebhookDelivery.objects.get().state == "processed"


OTTO = "491512344000"


class TestTheOneContact:
    """The one contact of a value with one message is its sender's, whatever statuses are beside it."""

    @pytest.mark.parametrize("count", [0, 1, 3])
    @pytest.mark.parametrize("recipient", [OTTO, meta.SHEENA])
    def test_a_message_without_sender_is_the_contacts(self, inbox, count, recipient):
        statuses = [meta.status("delivered", recipient_id=recipient) for _ in range(count)]
        stored = inbox.gets(meta.text("Hello", from_=None), contacts=[meta.contact()], statuses=statuses)
        assert inbox.counts() == (1, 1, 1, 1)
        assert (inbox.customers[0].phone, inbox.customers[0].name) == (PHONE, "Sheena Nelson")
        assert (stored.state, stored.error) == ("processed", "")

    @pytest.mark.parametrize("field", ["standby", "field_of_tomorrow"])
    def test_in_other_fields_too(self, inbox, field):
        parts = {"messages": [meta.text("Hello", from_=None)], "statuses": [meta.status("read")]}
        inbox.gets_change(field, contacts=[meta.contact()], **parts)
        assert [customer.name for customer in inbox.customers] == ["Sheena Nelson"]

    def test_its_id_belongs_to_the_sender_of_another_number(self, inbox):
        contact = meta.contact(OTTO, user_id=meta.SHEENA_ID)
        inbox.gets(by_phone("Hello"), contacts=[contact], statuses=[meta.status("read", recipient_id="4930123456")])
        assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]
        assert inbox.customers[0].name == "Sheena Nelson"

    @pytest.mark.parametrize("named", [{"recipient_id": OTTO}, {"recipient_user_id": meta.SHEENA_ID}])
    def test_that_of_a_statuss_recipient_is_not_given_to_a_sender_with_another_number(self, inbox, named):
        contact = meta.contact(OTTO, user_id=meta.SHEENA_ID, name="Otto")
        status = {"recipient_id": None} | named
        inbox.gets(by_phone("Hello"), contacts=[contact], statuses=[meta.status("read", **status)])
        assert identities(inbox) == [(PHONE, None)]
        assert inbox.customers[0].name == ""

    def test_of_two_messages_it_is_nobodys_but_its_own(self, inbox):
        stored = inbox.gets(
            meta.text("Hello", from_=None),
            by_phone("Hi"),
            contacts=[meta.contact(OTTO)],
            statuses=[meta.status("read")],
        )
        assert inbox.counts() == (1, 1, 1, 1)
        assert identities(inbox) == [(PHONE, None)]
        assert "has neither the number nor the user id" in stored.error
