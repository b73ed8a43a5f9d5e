"""Implied moves, several people in one delivery, and merged customers."""

import pytest

from conversations.models import CustomerMove
from tests.whatsapp import meta
from tests.whatsapp.sheena import (
    NEW_ID,
    NEW_NUMBER,
    OTHER_ID,
    PHONE,
    by_both,
    by_id,
    by_phone,
    identities,
    number_change,
)


def of_number(number, text="Hello", **fields):
    return meta.text(text, from_=number, **fields)


def test_messages_with_the_old_and_the_new_id_in_one_delivery_are_one_customer(inbox):
    change = {"type": "user_changed_user_id", "user_id": NEW_ID, "previous_user_id": meta.SHEENA_ID, "body": "New id"}
    delivery = inbox.gets(
        by_both("After", user_id=NEW_ID, timestamp=meta.NOON + 200),
        meta.message("system", change, from_=None, timestamp=meta.NOON + 100),
        by_id("Before", timestamp=meta.NOON + 50),
        of_number("4915112345678", "A stranger"),
    )
    assert delivery.state == "processed"
    assert len(inbox.customers) == 2
    assert len([message for message in inbox.messages if message.kind == "text"]) == 3


def test_the_old_number_and_both_new_identifiers_in_one_delivery_are_one_customer(inbox):
    inbox.gets(by_id("By id"))
    inbox.gets(number_change(meta.SHEENA, from_=NEW_NUMBER))
    inbox.gets(of_number(NEW_NUMBER, "Before", timestamp=meta.NOON + 50), by_both("After", timestamp=meta.NOON + 200))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [(PHONE, meta.SHEENA_ID)]


def test_a_late_report_does_not_move_the_next_owner_of_the_number(inbox):
    inbox.gets(of_number(NEW_NUMBER, "Alice", timestamp=meta.NOON + 200))
    inbox.gets(by_phone("Bob", timestamp=meta.NOON + 5000))
    inbox.gets(number_change())
    assert set(identities(inbox)) == {(f"+{NEW_NUMBER}", None), (PHONE, None)}
    assert {lead.details for lead in inbox.leads} == {"Alice", "Bob"}


def test_a_report_about_another_id_does_not_move_the_owner_of_the_number(inbox):
    inbox.gets(by_both("Bob", user_id=OTHER_ID))
    notice = {"type": "user_changed_number", "body": "Changed", "wa_id": NEW_NUMBER, "user_id": NEW_ID}
    inbox.gets(meta.message("system", notice, from_user_id=meta.SHEENA_ID, timestamp=meta.NOON + 100))
    inbox.gets(by_id("Bob again", user_id=OTHER_ID, timestamp=meta.NOON + 200))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [(PHONE, OTHER_ID)]


def test_merging_keeps_an_id_that_only_the_source_had(inbox):
    inbox.gets(by_both("Before"))
    inbox.gets(by_both("After", phone=NEW_NUMBER, user_id=NEW_ID, timestamp=meta.NOON + 200))
    inbox.gets(number_change())
    assert identities(inbox) == [(f"+{NEW_NUMBER}", NEW_ID)]
    inbox.gets(by_id("By the new id", user_id=NEW_ID, timestamp=meta.NOON + 300))
    inbox.gets(by_id("Late, by the old one", timestamp=meta.NOON + 50))
    assert inbox.counts()[:3] == (1, 1, 1)


def test_merging_keeps_a_number_that_only_the_source_had(inbox):
    inbox.gets(by_both("Before"))
    inbox.gets(by_both("After", phone=NEW_NUMBER, user_id=NEW_ID, timestamp=meta.NOON + 200))
    change = {"type": "user_changed_user_id", "user_id": NEW_ID, "previous_user_id": meta.SHEENA_ID, "body": "New id"}
    inbox.gets(meta.message("system", change, from_=None, timestamp=meta.NOON + 100))
    inbox.gets(of_number(NEW_NUMBER, "By number", timestamp=meta.NOON + 300))
    assert inbox.counts()[:3] == (1, 1, 1)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", NEW_ID)]


def test_merging_keeps_the_advertisement(inbox):
    inbox.gets(by_phone("Before"))
    inbox.gets(of_number(NEW_NUMBER, "After", timestamp=meta.NOON + 200, referral={"headline": "Cakes"}))
    inbox.gets(number_change())
    assert [(lead.referral or {})["headline"] for lead in inbox.leads] == ["Cakes"]


def test_the_next_owner_in_the_same_delivery_is_another_customer(inbox):
    inbox.gets(by_both("Alice"), number_change(), by_phone("Bob", timestamp=meta.NOON + 5000))
    assert set(identities(inbox)) == {(f"+{NEW_NUMBER}", meta.SHEENA_ID), (PHONE, None)}
    assert len(inbox.leads) == 2


@pytest.mark.parametrize("together", [True, False])
def test_two_numbers_of_one_id_are_a_move_from_the_earlier_to_the_later(inbox, together):
    sent = [by_both("1"), by_both("2", phone=NEW_NUMBER, timestamp=meta.NOON + 300)]
    for delivery in [sent] if together else [[one] for one in sent]:
        inbox.gets(*delivery)
    inbox.gets(of_number(NEW_NUMBER, "3", timestamp=meta.NOON + 400))
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(f"+{NEW_NUMBER}", meta.SHEENA_ID)]


@pytest.mark.parametrize("together", [True, False])
def test_two_ids_of_one_number_are_a_move_from_the_earlier_to_the_later(inbox, together):
    sent = [by_both("1"), by_both("2", user_id=NEW_ID, timestamp=meta.NOON + 300)]
    for delivery in [sent] if together else [[one] for one in sent]:
        inbox.gets(*delivery)
    inbox.gets(by_id("Late", timestamp=meta.NOON + 100))
    assert inbox.counts() == (1, 1, 1, 3)
    assert identities(inbox) == [(PHONE, NEW_ID)]


def test_many_messages_after_an_unreported_change_are_one_move(inbox):
    inbox.gets(by_both("1"))
    inbox.gets(*[by_both("2", phone=NEW_NUMBER, timestamp=meta.NOON + 300 + n) for n in range(50)])
    (move,) = CustomerMove.objects.all()
    assert move.former == PHONE
    inbox.gets(by_phone("The next owner", timestamp=meta.NOON + 320))
    assert len(inbox.customers) == 2


def test_a_move_to_another_customers_number_redirects_no_messages(inbox):
    inbox.gets(by_phone("Alice"), of_number(NEW_NUMBER, "Bob"))
    inbox.gets(number_change())
    inbox.gets(by_phone("Alice, late", timestamp=meta.NOON + 50))
    late = next(message for message in inbox.messages if message.content == "Alice, late")
    assert late.conversation.customer.phone == PHONE
