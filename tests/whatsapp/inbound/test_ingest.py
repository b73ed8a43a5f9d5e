"""Storing deliveries: customers, conversations, leads and messages."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.core.postgresql import patience
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, deliver, post
from whatsapp.models import WebhookDelivery

SHEENA = f"+{meta.SHEENA}"
# Of an ordinary delivery: one business, nobody has moved, no statuses.
ROUND_TRIPS_OF_NEW = 12
ROUND_TRIPS_OF_KNOWN = 13


def test_a_new_customer_becomes_a_lead_with_conversation_and_message(inbox):
    inbox.gets(meta.text("Do you bake without gluten?", id="wamid.1"), contacts=[meta.contact()])

    assert inbox.counts() == (1, 1, 1, 1)
    (customer,), (thread,), (lead,), (message,) = inbox.customers, inbox.conversations, inbox.leads, inbox.messages
    assert (customer.phone, customer.name) == (SHEENA, "Sheena Nelson")
    assert (lead.type, lead.status, lead.source) == ("inquiry", "new", "whatsapp")
    assert lead.details == "Do you bake without gluten?"
    assert lead.conversation == message.conversation == thread
    assert (message.direction, message.kind, message.content) == ("in", "text", "Do you bake without gluten?")
    assert (message.provider_id, message.status) == ("wamid.1", "received")
    noon = datetime.fromtimestamp(meta.NOON, UTC)
    assert message.provider_time == thread.last_message_at == thread.last_inbound_at == noon


def test_the_body_is_stored_byte_for_byte(inbox):
    body = meta.body(meta.messages_value(messages=[meta.text("é😀@/")]))
    post(body)
    (delivery,) = WebhookDelivery.objects.all()
    assert bytes(delivery.body) == body
    assert (delivery.provider, delivery.state, delivery.error) == ("cloud", "processed", "")


def test_a_repeated_delivery_changes_nothing(inbox):
    body = meta.body(meta.messages_value(messages=[meta.text("Hello"), meta.text("Are you open?")]))
    post(body)
    before = inbox.state()
    assert post(body).status_code == 200
    assert inbox.state() == before
    assert inbox.counts() == (1, 1, 1, 2)


def test_a_customer_who_writes_again_joins_the_active_conversation(inbox):
    inbox.gets(meta.text("Hello"))
    inbox.gets(meta.text("Are you open?"))
    assert inbox.counts() == (1, 1, 1, 2)


def test_messages_join_the_conversation_of_a_lead_from_the_api(inbox):
    inbox.business.has_lead(customer_phone=SHEENA, customer_name="Sheena N.", source=Lead.Source.API)
    inbox.gets(meta.text("It is me"), contacts=[meta.contact(name="✨sheena✨")])
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.customers[0].name == "Sheena N."


def test_a_completed_conversation_becomes_active_again_without_a_new_lead(inbox):
    inbox.gets(meta.text("Hello"))
    Conversation.objects.update(status="completed")
    inbox.gets(meta.text("One more thing", timestamp=meta.NOON + 60))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.conversations[0].status == "active"


def test_an_archived_conversation_stays_archived_and_a_new_one_is_opened_with_a_new_lead(inbox):
    inbox.gets(meta.text("Hello"))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("I am back", timestamp=meta.NOON + 60))
    assert inbox.counts() == (1, 2, 2, 2)
    assert [thread.status for thread in inbox.conversations] == ["archived", "active"]
    assert [lead.details for lead in inbox.leads] == ["Hello", "I am back"]


@pytest.mark.parametrize("status", ["completed", "archived"])
def test_a_repeated_delivery_does_not_reopen_a_closed_conversation(inbox, status):
    body = meta.body(meta.messages_value(messages=[meta.text("Hello")]))
    post(body)
    Conversation.objects.update(status=status)
    post(body)
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.conversations[0].status == status


def test_a_profile_name_fills_a_blank_name_only(inbox):
    inbox.gets(meta.text("Hello"))
    assert inbox.customers[0].name == ""
    inbox.gets(meta.text("Hello?"), contacts=[meta.contact(name="Sheena")])
    assert inbox.customers[0].name == "Sheena"
    Customer.objects.update(name="Mrs Nelson")
    inbox.gets(meta.text("Anybody?"), contacts=[meta.contact(name="Queen of cakes")])
    assert inbox.customers[0].name == "Mrs Nelson"


def test_the_details_are_those_of_the_earliest_message_in_any_order(inbox):
    inbox.gets(meta.text("For Saturday", timestamp=meta.NOON + 5))
    inbox.gets(meta.text("I need a cake", timestamp=meta.NOON))
    inbox.gets(meta.text("With candles", timestamp=meta.NOON + 9))
    assert [lead.details for lead in inbox.leads] == ["I need a cake"]


def test_details_that_staff_have_changed_are_kept(inbox):
    inbox.gets(meta.text("For Saturday", timestamp=meta.NOON + 5))
    Lead.objects.update(details="Wedding, 12 June")
    inbox.gets(meta.text("I need a cake", timestamp=meta.NOON))
    assert [lead.details for lead in inbox.leads] == ["Wedding, 12 June"]


def test_the_details_of_a_photo_without_caption_are_its_kind(inbox):
    inbox.gets(meta.message("image", {"id": "1", "mime_type": "image/jpeg"}))
    assert [lead.details for lead in inbox.leads] == ["Photo"]


def test_a_long_message_is_cut_in_the_leads_details_only(inbox):
    inbox.gets(meta.text("a" * 20_000))
    assert len(inbox.messages[0].content) == 20_000
    assert len(inbox.leads[0].details) == 10_000


def test_the_advertisement_is_stored_with_the_lead(inbox):
    advertisement = {"source_id": "1202", "source_type": "ad", "headline": "Chat with us"}
    inbox.gets(meta.text("More about this?", referral=advertisement))
    inbox.gets(meta.text("Hello?", timestamp=meta.NOON + 9, referral=advertisement | {"source_id": "later"}))
    (lead,) = inbox.leads
    assert lead.referral == dict.fromkeys(lead.referral or {}) | advertisement


def test_a_placeholder_is_replaced_by_the_full_message_with_the_same_id(inbox):
    unavailable = meta.error(131060, "This message is unavailable")
    inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.ad", errors=[unavailable]))
    assert inbox.counts() == (1, 1, 1, 1)
    inbox.gets(meta.text("How much is it?", id="wamid.ad", referral={"headline": "Cakes"}))
    assert inbox.counts() == (1, 1, 1, 1)
    assert (inbox.messages[0].kind, inbox.messages[0].content) == ("text", "How much is it?")
    assert (inbox.leads[0].details, (inbox.leads[0].referral or {})["headline"]) == ("How much is it?", "Cakes")


def test_a_full_message_is_not_replaced_by_a_placeholder(inbox):
    inbox.gets(meta.text("How much is it?", id="wamid.ad"))
    inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.ad"))
    inbox.gets(meta.text("Something else", id="wamid.ad"))
    assert [message.content for message in inbox.messages] == ["How much is it?"]


def test_a_message_without_a_time_gets_the_time_of_arrival(inbox):
    inbox.gets(meta.text("Hello", timestamp=None))
    (thread,) = inbox.conversations
    assert inbox.messages[0].provider_time is None
    assert abs((thread.last_inbound_at - datetime.now(UTC)).total_seconds()) < 60


def test_old_messages_do_not_set_back_the_times_of_a_conversation(inbox):
    inbox.gets(meta.text("Hello"))
    inbox.gets(meta.text("Late", timestamp=meta.NOON - 6 * 86_400))
    assert inbox.conversations[0].last_inbound_at == datetime.fromtimestamp(meta.NOON, UTC)


def test_a_person_who_writes_to_two_businesses_is_a_customer_of_each(inbox, stranger):
    other = Inbox(stranger, channel="222")
    person = {"from_": meta.SHEENA, "from_user_id": meta.SHEENA_ID}
    deliver(
        meta.messages_value(inbox.channel, messages=[meta.text("To the bakery", id="wamid.same", **person)]),
        meta.messages_value(other.channel, messages=[meta.text("To the florist", id="wamid.same", **person)]),
    )
    for each, text in ((inbox, "To the bakery"), (other, "To the florist")):
        assert each.counts() == (1, 1, 1, 1)
        assert (each.customers[0].phone, each.customers[0].whatsapp_user_id) == (SHEENA, meta.SHEENA_ID)
        assert [message.content for message in each.messages] == [text]
    listed = inbox.business.client.get("/api/leads").json()["results"]
    assert [lead["details"] for lead in listed] == ["To the bakery"]


def test_a_delivery_for_an_unconnected_number_is_stored_as_unrouted(owner):
    delivery = deliver(meta.messages_value("999", messages=[meta.text("Hello")]))
    assert (delivery.state, delivery.unrouted) == ("unrouted", ["999"])
    assert "999" in delivery.error
    assert not Message.objects.exists()


def test_messages_for_connected_numbers_are_stored_next_to_unrouted_ones(inbox):
    delivery = deliver(
        meta.messages_value("999", messages=[meta.text("To nobody")]),
        meta.messages_value(inbox.channel, messages=[meta.text("To the bakery")]),
    )
    assert (delivery.state, inbox.counts()) == ("unrouted", (1, 1, 1, 1))


def round_trips(inbox: Inbox, customers: range) -> int:
    """A message of each of these customers in one delivery: how often the webhook waited for the database."""
    messages = [meta.text(from_=str(4915100000000 + number)) for number in customers]
    body = meta.body(meta.messages_value(inbox.channel, messages=messages))
    before = patience.counted()
    assert post(body).status_code == 200
    return patience.counted() - before


@pytest.mark.django_db(transaction=True)
def test_a_delivery_takes_as_many_round_trips_for_any_number_of_messages(inbox):
    """BEGIN and COMMIT included, for customers who are new and for those who are known."""
    inbox.gets(meta.text())
    for expected in (ROUND_TRIPS_OF_NEW, ROUND_TRIPS_OF_KNOWN):
        trips = {size: round_trips(inbox, range(size, 2 * size)) for size in (10, 100, 1000)}
        assert trips == dict.fromkeys(trips, expected)
    assert inbox.counts() == (1111, 1111, 1111, 2221)


def test_a_conversation_is_changed_once_by_a_delivery(inbox):
    inbox.gets(meta.text("Do you have lemon cake?"))
    with CaptureQueriesContext(connection) as queries:
        inbox.gets(meta.text("For Saturday"), meta.text("With candles"))
    assert sum("UPDATE conversations" in query["sql"] for query in queries) == 1
    assert not any("INSERT INTO conversations" in query["sql"] for query in queries)
