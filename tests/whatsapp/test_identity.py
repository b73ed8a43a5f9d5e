"""Who wrote: by phone number in any of WhatsApp's spellings, by WhatsApp user id, or by both."""

import pytest

from conversations.models import Conversation, Customer
from leads.models import Lead
from tests.whatsapp import meta
from tests.whatsapp.inbox import post
from whatsapp.models import WebhookDelivery

PHONE = f"+{meta.SHEENA}"
NEW_NUMBER = "12195555358"
NEW_ID = "US.9999"


def by_phone(text="Hello", **fields):
    return meta.text(text, **fields)


def by_id(text="Hello", user_id=meta.SHEENA_ID, **fields):
    return meta.text(text, from_=None, from_user_id=user_id, **fields)


def by_both(text="Hello", phone=meta.SHEENA, user_id=meta.SHEENA_ID, **fields):
    return meta.text(text, from_=phone, from_user_id=user_id, **fields)


def number_change(new=NEW_NUMBER, *, timestamp=meta.NOON + 100, **fields):
    notice = {"type": "user_changed_number", "body": "User changed", "wa_id": new}
    return meta.message("system", notice, timestamp=timestamp, **fields)


def identities(inbox):
    return [(customer.phone, customer.whatsapp_user_id) for customer in inbox.customers]


def test_a_customer_without_a_phone_number_is_a_full_lead(inbox):
    contact = meta.contact(wa_id=None, user_id=meta.SHEENA_ID, username="@sheena")
    inbox.gets(by_id("Does it come in another colour?"), contacts=[contact])
    assert inbox.counts() == (1, 1, 1, 1)
    assert identities(inbox) == [(None, meta.SHEENA_ID)]
    assert inbox.customers[0].name == "Sheena Nelson"
    (lead,) = inbox.business.client.get("/api/leads").json()["results"]
    assert lead["details"] == "Does it come in another colour?"


@pytest.mark.parametrize(
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
    ids=lambda messages: "-".join(message.__name__ for message in messages),
)
@pytest.mark.parametrize("together", [True, False], ids=["one delivery", "several"])
def test_phone_number_and_id_are_one_customer_once_a_message_bears_both(inbox, messages, together):
    bodies = [message(f"Message {n}") for n, message in enumerate(messages)]
    for delivery in [bodies] if together else [[body] for body in bodies]:
        inbox.gets(*delivery)
    assert inbox.counts() == (1, 1, 1, len(messages))
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]


def test_phone_and_id_in_one_delivery_are_joined_by_the_message_that_bears_both(inbox):
    inbox.gets(by_phone("1"), by_id("2"), by_both("3"))
    assert inbox.counts() == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [("5215512345678", "525512345678"), ("5491123456789", "541123456789"), ("5511987654321", "551187654321")],
)
def test_two_spellings_of_a_number_are_one_customer_with_the_number_as_it_came_first(inbox, one, other):
    inbox.gets(meta.text("Hola", from_=one))
    inbox.gets(meta.text("Hola?", from_=other))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.customers[0].phone == f"+{one}"


def test_a_lead_from_a_form_and_the_same_persons_message_in_another_spelling_are_one_customer(inbox):
    inbox.business.has_lead(customer_phone="+55 11 98765-4321")
    inbox.gets(meta.text("Oi", from_="551187654321"))
    assert inbox.counts() == (1, 1, 1, 1)


def test_an_id_in_the_place_of_the_number_is_an_id(inbox):
    inbox.gets(meta.text(from_=meta.SHEENA_ID))
    assert identities(inbox) == [(None, meta.SHEENA_ID)]


def test_two_customers_found_by_one_message_are_not_merged(inbox):
    inbox.gets(by_phone("By phone"))
    inbox.gets(by_id("By id"))
    inbox.gets(by_both("By both"))
    assert identities(inbox) == [(PHONE, None), (None, meta.SHEENA_ID)]
    assert inbox.messages[-1].conversation.customer.whatsapp_user_id == meta.SHEENA_ID


def test_of_two_customers_found_the_one_with_the_active_conversation_gets_the_message(inbox):
    inbox.gets(by_phone("By phone"))
    inbox.gets(by_id("By id"))
    Conversation.objects.filter(customer__whatsapp_user_id=meta.SHEENA_ID).update(status="completed")
    inbox.gets(by_both("By both"))
    assert inbox.messages[-1].conversation.customer.phone == PHONE


def test_a_new_number_moves_the_customer(inbox):
    inbox.gets(by_phone("Hello"))
    inbox.gets(number_change())
    inbox.gets(meta.text("From my new phone", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None)]
    assert [message.kind for message in inbox.messages] == ["text", "system", "text"]


def test_a_message_from_before_the_move_finds_the_customer_however_late_it_comes(inbox):
    inbox.gets(by_phone("Hello"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Sent before", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 3)


def test_a_move_told_before_anything_else_still_counts(inbox):
    inbox.gets(number_change())
    inbox.gets(by_phone("Sent before", timestamp=meta.NOON + 50))
    inbox.gets(meta.text("Sent after", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None)]


def test_all_of_a_move_in_one_delivery_is_one_customer(inbox):
    inbox.gets(
        meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200),
        number_change(),
        by_phone("Before"),
    )
    assert inbox.counts() == (1, 1, 1, 3)


def test_who_gets_the_old_number_later_is_somebody_else(inbox):
    inbox.gets(by_phone("Hello"))
    inbox.gets(number_change())
    inbox.gets(by_phone("I am new here", timestamp=meta.NOON + 5000))
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None), (PHONE, None)]


def test_a_move_told_again_does_not_move_who_has_the_old_number_now(inbox):
    inbox.gets(by_phone("Hello"))
    notice = number_change()
    inbox.gets(notice)
    inbox.gets(number_change("13335555358", from_=NEW_NUMBER, timestamp=meta.NOON + 300))
    inbox.gets(by_phone("I am new here", timestamp=meta.NOON + 5000))
    inbox.gets(notice)
    assert identities(inbox) == [("+13335555358", None), (PHONE, None)]


def test_a_number_that_another_customer_has_is_not_taken_away(inbox):
    inbox.gets(by_phone("Hello"), meta.text("I am somebody else", from_=NEW_NUMBER))
    inbox.gets(number_change())
    assert set(identities(inbox)) == {(PHONE, None), (f"+{NEW_NUMBER}", None)}


def test_a_new_id_moves_the_customer(inbox):
    inbox.gets(by_both("Hello"))
    change = {"type": "user_changed_user_id", "user_id": NEW_ID, "previous_user_id": meta.SHEENA_ID, "body": "New id"}
    inbox.gets(meta.message("system", change, from_=None, timestamp=meta.NOON + 100))
    inbox.gets(by_id("It is still me", user_id=NEW_ID, timestamp=meta.NOON + 200))
    inbox.gets(by_id("Sent before", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 4)
    assert identities(inbox) == [(PHONE, NEW_ID)]


def test_a_new_number_with_a_new_id_moves_both(inbox):
    inbox.gets(by_both("Hello"))
    notice = {"type": "user_changed_number", "body": "Changed", "wa_id": NEW_NUMBER, "user_id": NEW_ID}
    inbox.gets(meta.message("system", notice, timestamp=meta.NOON + 100))
    inbox.gets(by_both("It is me", phone=NEW_NUMBER, user_id=NEW_ID, timestamp=meta.NOON + 200))
    inbox.gets(by_id("Sent before", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 4)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", NEW_ID)]


def test_an_id_that_changed_without_a_word_is_the_same_customer_by_number(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(by_both("2", user_id=NEW_ID, timestamp=meta.NOON + 300))
    inbox.gets(by_both("Late", timestamp=meta.NOON + 100))
    inbox.gets(by_id("3", user_id=NEW_ID, timestamp=meta.NOON + 400))
    inbox.gets(by_id("Later still", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 5)
    assert identities(inbox) == [(PHONE, NEW_ID)]


def test_the_newer_id_counts_whichever_comes_first(inbox):
    inbox.gets(by_both("2", user_id=NEW_ID, timestamp=meta.NOON + 300))
    inbox.gets(by_both("1"))
    inbox.gets(by_id("0", timestamp=meta.NOON - 50))
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(PHONE, NEW_ID)]


def test_a_number_that_changed_without_a_word_is_the_same_customer_by_id(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(by_both("2", phone=NEW_NUMBER, timestamp=meta.NOON + 300))
    inbox.gets(meta.text("3", from_=NEW_NUMBER, timestamp=meta.NOON + 400))
    inbox.gets(by_phone("Late", timestamp=meta.NOON + 100))
    assert inbox.counts() == (1, 1, 1, 4)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", meta.SHEENA_ID)]


def test_a_move_that_says_only_the_number_and_a_new_id_later(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(number_change())
    inbox.gets(by_both("2", phone=NEW_NUMBER, user_id=NEW_ID, timestamp=meta.NOON + 200))
    inbox.gets(by_id("Late", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 4)


def test_two_moves_told_in_the_wrong_order_end_where_the_later_says(inbox):
    inbox.gets(by_phone("1"))
    inbox.gets(number_change("13335555358", from_=NEW_NUMBER, timestamp=meta.NOON + 300))
    inbox.gets(number_change())
    inbox.gets(meta.text("2", from_="13335555358", timestamp=meta.NOON + 400))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [("+13335555358", None)]


def test_who_writes_from_the_new_number_before_the_news_of_it_is_one_customer_after_it(inbox):
    inbox.gets(by_phone("Before", timestamp=meta.NOON))
    inbox.gets(meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    assert len(inbox.customers) == 2
    inbox.gets(number_change())
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None)]
    assert inbox.leads[0].details == "Before"


def test_a_lead_that_staff_work_on_survives_the_merging(inbox):
    inbox.gets(by_phone("Before", timestamp=meta.NOON))
    inbox.gets(meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    Lead.objects.filter(details="After").update(status="contacted")
    inbox.gets(number_change())
    assert inbox.counts() == (1, 1, 2, 3)
    assert {lead.details for lead in inbox.leads} == {"Before", "After"}


def test_a_closed_conversation_is_kept_beside_the_other_by_the_merging(inbox):
    inbox.gets(by_phone("Before", timestamp=meta.NOON))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    inbox.gets(number_change())
    assert [len(inbox.customers), len(inbox.conversations), len(inbox.leads)] == [1, 2, 2]


def test_the_next_owner_of_a_number_and_his_own_moves_do_not_take_late_messages_of_the_first(inbox):
    inbox.gets(by_phone("Alice"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Bob", timestamp=meta.NOON + 5000))
    inbox.gets(number_change("13335555358", timestamp=meta.NOON + 6000))
    inbox.gets(by_phone("Alice, late", timestamp=meta.NOON + 50))
    late = next(message for message in inbox.messages if message.content == "Alice, late")
    assert late.conversation.customer.phone == f"+{NEW_NUMBER}"


def test_before_and_after_a_move_in_one_delivery_are_two_people(inbox):
    inbox.gets(by_phone("Alice"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Alice, late", timestamp=meta.NOON + 50), by_phone("Bob", timestamp=meta.NOON + 5000))
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None), (PHONE, None)]


def test_a_repeated_message_makes_no_customer_whatever_became_of_the_first(inbox):
    first = meta.body(meta.messages_value(messages=[by_phone("Hello", id="wamid.1")]))
    post(first)
    Customer.objects.update(phone="+4915100000000")
    post(first)
    inbox.gets(by_id("Hello", id="wamid.1"))
    assert inbox.counts() == (1, 1, 1, 1)
    assert identities(inbox) == [("+4915100000000", None)]


def test_the_real_message_of_a_placeholder_makes_no_second_customer(inbox):
    inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.ad"))
    inbox.gets(by_id("How much?", id="wamid.ad"))
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.messages[0].content == "How much?"


def test_one_id_with_two_numbers_in_one_delivery_costs_nobody_his_message(inbox):
    inbox.gets(by_both("1", phone="4915100000001"), by_both("2", phone="4915100000002", timestamp=meta.NOON + 9))
    assert len(inbox.messages) == 2
    assert WebhookDelivery.objects.get().state == "processed"


def test_a_notice_to_nobody_is_said_in_the_delivery(inbox):
    delivery = inbox.gets(number_change())
    assert "nobody who has written" in delivery.error
    assert inbox.counts() == (0, 0, 0, 0)


def test_many_moves_to_and_fro_are_followed_one_by_one(inbox):
    numbers = (meta.SHEENA, NEW_NUMBER)
    inbox.gets(by_phone("Hello"))
    for n in range(40):
        inbox.gets(number_change(numbers[1 - n % 2], from_=numbers[n % 2], timestamp=meta.NOON + 100 + n))
    assert len(inbox.customers) == 1
