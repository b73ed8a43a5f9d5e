"""The customer rows that are written for the senders of a delivery."""

from uuid import uuid4

from hypothesis import given

from conversations.customer_rows import customer_ids_of, plan_rows
from conversations.identification import Directory, identify
from conversations.phone import phone_key
from tests.conversations.senders import BUSINESS, NOON, OLD, directory, identity, known, senders


def test_an_identifier_of_another_customer_is_left_out():
    by_phone, by_id = known(OLD), known(None, "DE.1")
    people = identify([identity(OLD, "DE.1")], directory(by_phone, by_id))
    (row,) = plan_rows(people)[1]
    assert (row.phone, row.whatsapp_user_id, row.identified_at, plan_rows(people)[0]) == (None, "DE.1", NOON, [])
    assert customer_ids_of(people, {}, {(BUSINESS, "DE.1"): by_id.id}) == [by_id.id]


def test_a_notice_about_an_unknown_customer_creates_no_row():
    people = identify([identity(OLD, creates_customer=False)], Directory())
    assert plan_rows(people) == ([], [])
    assert customer_ids_of(people, {}, {}) == [None]


def test_the_earliest_profile_name_and_the_latest_id_are_used():
    senders = [identity(OLD, "DE.2", "Late", at=9), identity(OLD, "DE.1", "Early"), identity(OLD, "DE.1", "", at=-5)]
    (row,), _ = plan_rows(identify(senders, Directory()))
    assert (row.name, row.name_at, row.whatsapp_user_id) == ("Early", NOON, "DE.2")


@given(senders)
def test_every_message_of_an_unknown_sender_has_exactly_one_row_and_rows_are_in_lock_order(senders):
    people = identify(
        [identity(phone, known_id, name, n) for n, (phone, known_id, name) in enumerate(senders)], Directory()
    )
    by_phone, by_id = plan_rows(people)
    phone_ids = {(BUSINESS, phone_key(row.phone or "")): uuid4() for row in by_phone}
    known_ids = {(BUSINESS, row.whatsapp_user_id or ""): uuid4() for row in by_id}
    assert list(phone_ids) == sorted(phone_ids)
    assert list(known_ids) == sorted(known_ids)
    assert len(phone_ids) == len(by_phone)
    assert None not in customer_ids_of(people, phone_ids, known_ids)
    taken = [row.whatsapp_user_id for row in by_phone + by_id if row.whatsapp_user_id]
    assert len(taken) == len(set(taken))
