"""Reported moves: a customer with a new number or id stays the same customer."""

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leadsite.core.postgresql import patience
from tests.whatsapp import meta
from tests.whatsapp.inbox import post
from tests.whatsapp.sheena import NEW_ID, NEW_NUMBER, PHONE, by_both, by_id, by_phone, identities, number_change


def test_a_new_number_moves_the_customer(inbox):
    inbox.gets(by_phone("Hello"))
    inbox.gets(number_change())
    inbox.gets(meta.text("From my new phone", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None)]
    assert [message.kind for message in inbox.messages] == ["text", "system", "text"]


def test_a_late_message_from_before_the_move_finds_the_customer(inbox):
    inbox.gets(by_phone("Hello"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Sent before", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 3)


def test_a_move_reported_before_any_message_is_applied(inbox):
    inbox.gets(number_change())
    inbox.gets(by_phone("Sent before", timestamp=meta.NOON + 50))
    inbox.gets(meta.text("Sent after", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None)]


def test_a_move_and_its_messages_in_one_delivery_are_one_customer(inbox):
    inbox.gets(
        meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200),
        number_change(),
        by_phone("Before"),
    )
    assert inbox.counts() == (1, 1, 1, 3)


def test_the_next_owner_of_the_old_number_is_another_customer(inbox):
    inbox.gets(by_phone("Hello"))
    inbox.gets(number_change())
    inbox.gets(by_phone("I am new here", timestamp=meta.NOON + 5000))
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None), (PHONE, None)]


def test_a_repeated_report_does_not_move_the_next_owner(inbox):
    inbox.gets(by_phone("Hello"))
    notice = number_change()
    inbox.gets(notice)
    inbox.gets(number_change("13335555358", from_=NEW_NUMBER, timestamp=meta.NOON + 300))
    inbox.gets(by_phone("I am new here", timestamp=meta.NOON + 5000))
    inbox.gets(notice)
    assert identities(inbox) == [("+13335555358", None), (PHONE, None)]


def test_a_move_does_not_take_the_number_of_another_customer(inbox):
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


def test_an_unreported_new_id_is_the_same_customer_by_number(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(by_both("2", user_id=NEW_ID, timestamp=meta.NOON + 300))
    inbox.gets(by_both("Late", timestamp=meta.NOON + 100))
    inbox.gets(by_id("3", user_id=NEW_ID, timestamp=meta.NOON + 400))
    inbox.gets(by_id("Later still", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 5)
    assert identities(inbox) == [(PHONE, NEW_ID)]


def test_the_newer_id_is_used_in_any_order(inbox):
    inbox.gets(by_both("2", user_id=NEW_ID, timestamp=meta.NOON + 300))
    inbox.gets(by_both("1"))
    inbox.gets(by_id("0", timestamp=meta.NOON - 50))
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(PHONE, NEW_ID)]


def test_an_unreported_new_number_is_the_same_customer_by_id(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(by_both("2", phone=NEW_NUMBER, timestamp=meta.NOON + 300))
    inbox.gets(meta.text("3", from_=NEW_NUMBER, timestamp=meta.NOON + 400))
    inbox.gets(by_phone("Late", timestamp=meta.NOON + 100))
    assert inbox.counts() == (1, 1, 1, 4)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", meta.SHEENA_ID)]


def test_a_move_of_the_number_followed_by_a_new_id_is_one_customer(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(number_change())
    inbox.gets(by_both("2", phone=NEW_NUMBER, user_id=NEW_ID, timestamp=meta.NOON + 200))
    inbox.gets(by_id("Late", timestamp=meta.NOON + 50))
    assert inbox.counts() == (1, 1, 1, 4)


def test_two_moves_reported_in_the_wrong_order_end_with_the_later_one(inbox):
    inbox.gets(by_phone("1"))
    inbox.gets(number_change("13335555358", from_=NEW_NUMBER, timestamp=meta.NOON + 300))
    inbox.gets(number_change())
    inbox.gets(meta.text("2", from_="13335555358", timestamp=meta.NOON + 400))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [("+13335555358", None)]


def test_a_message_from_the_new_number_before_the_report_is_merged_by_it(inbox):
    inbox.gets(by_phone("Before", timestamp=meta.NOON))
    inbox.gets(meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    assert len(inbox.customers) == 2
    inbox.gets(number_change())
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None)]
    assert inbox.leads[0].details == "Before"


def test_merging_keeps_a_changed_lead(inbox):
    inbox.gets(by_phone("Before", timestamp=meta.NOON))
    inbox.gets(meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    Lead.objects.filter(details="After").update(status="contacted")
    inbox.gets(number_change())
    assert inbox.counts() == (1, 1, 2, 3)
    assert {lead.details for lead in inbox.leads} == {"Before", "After"}


def test_merging_keeps_a_closed_conversation(inbox):
    inbox.gets(by_phone("Before", timestamp=meta.NOON))
    Conversation.objects.update(status="archived")
    inbox.gets(meta.text("After", from_=NEW_NUMBER, timestamp=meta.NOON + 200))
    inbox.gets(number_change())
    assert [len(inbox.customers), len(inbox.conversations), len(inbox.leads)] == [1, 2, 2]


def test_late_messages_of_the_first_owner_do_not_go_to_the_next_owner(inbox):
    inbox.gets(by_phone("Alice"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Bob", timestamp=meta.NOON + 5000))
    inbox.gets(number_change("13335555358", timestamp=meta.NOON + 6000))
    inbox.gets(by_phone("Alice, late", timestamp=meta.NOON + 50))
    late = next(message for message in inbox.messages if message.content == "Alice, late")
    assert late.conversation.customer.phone == f"+{NEW_NUMBER}"


def test_two_owners_of_a_number_in_one_delivery_are_two_customers(inbox):
    inbox.gets(by_phone("Alice"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Alice, late", timestamp=meta.NOON + 50), by_phone("Bob", timestamp=meta.NOON + 5000))
    assert identities(inbox) == [(f"+{NEW_NUMBER}", None), (PHONE, None)]


def test_a_notice_about_an_unknown_customer_is_noted(inbox):
    delivery = inbox.gets(number_change())
    assert "their customers are not stored" in delivery.error
    assert inbox.counts() == (0, 0, 0, 0)


def test_many_moves_back_and_forth_are_applied_one_by_one(inbox):
    numbers = (meta.SHEENA, NEW_NUMBER)
    inbox.gets(by_phone("Hello"))
    for n in range(40):
        inbox.gets(number_change(numbers[1 - n % 2], from_=numbers[n % 2], timestamp=meta.NOON + 100 + n))
    assert len(inbox.customers) == 1


def round_trips(body: bytes) -> int:
    """How often the webhook waited for the database, for this delivery."""
    before = patience.counted()
    assert post(body).status_code == 200
    return patience.counted() - before


@pytest.mark.django_db(transaction=True)
def test_a_delivery_takes_as_many_round_trips_for_any_number_of_moves(inbox):
    trips = {}
    for size in (10, 100, 500):
        numbers = [(f"49151{size:04}{n:04}", f"49152{size:04}{n:04}") for n in range(size)]
        inbox.gets(*(meta.text(from_=former) for former, _ in numbers))
        moves = [number_change(now, from_=former) for former, now in numbers]
        trips[size] = round_trips(meta.body(meta.messages_value(inbox.channel, messages=moves)))
    assert len(set(trips.values())) == 1, trips
    assert {phone[:6] for phone, _ in identities(inbox)} == {"+49152"}
    assert inbox.counts() == (610, 610, 610, 1220)
