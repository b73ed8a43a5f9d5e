"""The customer rows that are written for the senders of a delivery."""

from hypothesis import given

from conversations.customer_rows import WrittenCustomer, customer_of, is_settled, plan_rows
from conversations.identification import Directory, Move, identify
from conversations.phone import phone_key
from tests.conversations.senders import BUSINESS, NEW, NOON, OLD, directory, identity, known, senders


def test_an_identifier_of_another_customer_is_left_out():
    by_phone, by_id = known(OLD), known(None, "DE.1")
    people = identify([identity(OLD, "DE.1")], directory(by_phone, by_id))
    rows_by_phone, rows_by_id = plan_rows(people)
    row = rows_by_id[BUSINESS, "DE.1"]
    assert (row.phone, row.whatsapp_user_id, row.identified_at, rows_by_phone) == (None, "DE.1", NOON, {})
    assert customer_of(people[0], rows_by_phone, rows_by_id) is row


def test_a_notice_about_an_unknown_customer_creates_no_row():
    people = identify([identity(OLD, creates_customer=False)], Directory())
    assert plan_rows(people) == ({}, {})
    assert customer_of(people[0], {}, {}) is None


def test_the_earliest_profile_name_and_the_latest_id_are_used():
    senders = [identity(OLD, "DE.2", "Late", at=9), identity(OLD, "DE.1", "Early"), identity(OLD, "DE.1", "", at=-5)]
    (row,) = plan_rows(identify(senders, Directory()))[0].values()
    assert (row.name, row.name_at, row.whatsapp_user_id) == ("Early", NOON, "DE.2")


def test_a_customer_is_settled_who_has_one_place_in_the_lock_order():
    stored, nameless, without_phone = known(OLD, "DE.1"), known(NEW), known(None, "DE.2")

    def is_settled_with(sender, *customers):
        return is_settled(identify([sender], directory(*customers))[0])

    settled = [
        (identity(OLD, "DE.1"), stored),
        (identity(OLD), stored),
        (identity(None, "DE.1"), stored),
        (identity(NEW), nameless),
        (identity(NEW, "DE.3"), nameless),
        (identity(None, "DE.2"), without_phone),
    ]
    assert [is_settled_with(*one) for one in settled] == [True] * 6
    assert [is_settled_with(identity(OLD)), is_settled_with(identity(OLD, "DE.1"))] == [True] * 2
    unsettled = [
        (identity(OLD, "DE.2"), stored),
        (identity(NEW, "DE.1"), stored),
        (identity(NEW, "DE.2"), without_phone),
        (identity(NEW, "DE.2"), nameless, without_phone),
        (identity(NEW, "DE.1").after(Move(NEW, OLD, "DE.1", NOON)), stored),
    ]
    assert [is_settled_with(*one) for one in unsettled] == [False] * 5
    assert not is_settled_with(identity(None, "DE.1"))
    assert not is_settled_with(identity(OLD, creates_customer=False))


def test_another_transaction_has_changed_a_customer_who_has_other_identifiers_than_looked_up_and_planned():
    new, linked = identity(OLD, "DE.1"), known(OLD)
    own, other = WrittenCustomer(linked.id, OLD, "DE.1"), WrittenCustomer(linked.id, OLD, "DE.2")
    for customers in ((), (linked,)):
        (person,) = identify([new], directory(*customers))
        (row,) = plan_rows([person])[0].values()
        assert row.agrees_with(own)
        assert not row.agrees_with(other)
    without_phone = known(None, "DE.1")
    (person,) = identify([new], directory(without_phone))
    (row,) = plan_rows([person])[1].values()
    assert row.agrees_with(WrittenCustomer(without_phone.id, OLD, "DE.1"))
    assert not row.agrees_with(WrittenCustomer(without_phone.id, NEW, "DE.1"))


@given(senders)
def test_every_message_of_an_unknown_sender_has_exactly_one_row_and_rows_are_in_lock_order(senders):
    people = identify(
        [identity(phone, known_id, name, n) for n, (phone, known_id, name) in enumerate(senders)], Directory()
    )
    by_phone, by_id = plan_rows(people)
    assert list(by_phone) == sorted({(BUSINESS, phone_key(row.phone or "")) for row in by_phone.values()})
    assert list(by_id) == sorted({(BUSINESS, row.whatsapp_user_id or "") for row in by_id.values()})
    assert None not in [customer_of(person, by_phone, by_id) for person in people]
    taken = [row.whatsapp_user_id for row in [*by_phone.values(), *by_id.values()] if row.whatsapp_user_id]
    assert len(taken) == len(set(taken))
