"""Identifying the senders of messages by number, by id and by both, and the moves that contradictions imply."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from conversations.customer_rows import customer_ids_of, plan_rows
from conversations.identification import Directory, Move, SenderIdentity, SenderLookup, StoredCustomer, identify
from conversations.implied_moves import implied_moves
from conversations.incoming import Sender
from conversations.phone import phone_key

BUSINESS = UUID(int=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = "+4915100000001", "+4915100000002"


def identity(phone=None, known_id=None, name="", at=0, *, creates_customer=True):
    return SenderIdentity(
        user_id=BUSINESS,
        provider_id=f"wamid.{at}",
        original=Sender(phone=phone, whatsapp_user_id=known_id, name=name),
        phone=phone,
        whatsapp_user_id=known_id,
        wrote_at=NOON + timedelta(seconds=at),
        creates_customer=creates_customer,
    )


def known(phone=None, known_id=None, identified_at=None, *, active=False):
    return StoredCustomer(uuid4(), phone, known_id, identified_at, active)


def directory(*customers):
    found = Directory()
    for customer in customers:
        seen = identity(customer.phone, customer.whatsapp_user_id)
        by_phone = customer if customer.phone else None
        found.add(seen, SenderLookup(None, by_phone, customer if customer.whatsapp_user_id else None, None))
    return found


def moves_of(people):
    return [
        (move.former.phone, move.former.whatsapp_user_id, move.now.phone, move.now.whatsapp_user_id, move.at)
        for move in implied_moves(people)
    ]


def test_messages_that_share_an_identifier_are_from_one_person():
    people = identify([identity(OLD), identity(OLD, "DE.1", at=1), identity(None, "DE.1", at=2)], Directory())
    assert {(person.phone, person.whatsapp_user_id) for person in people} == {(OLD, "DE.1")}
    (row,), by_id = plan_rows(people)
    assert (row.phone, row.whatsapp_user_id, row.identified_at, by_id) == (OLD, "DE.1", NOON + timedelta(seconds=1), [])


def test_both_forms_of_a_mexican_number_are_one_person():
    people = identify([identity("+5215512345678"), identity("+525512345678", at=1)], Directory())
    (row,), _ = plan_rows(people)
    assert row.phone == "+5215512345678"


def test_of_two_customers_the_one_with_the_id_counts_unless_only_the_other_has_an_active_conversation():
    for active_by_phone, active_by_id in ((False, False), (True, True), (False, True), (True, False)):
        by_phone, by_id = known(OLD, active=active_by_phone), known(None, "DE.1", active=active_by_id)
        (person,) = identify([identity(OLD, "DE.1")], directory(by_phone, by_id))
        assert person.customer == (by_phone if active_by_phone and not active_by_id else by_id)
        assert not person.contradicts


def test_an_identifier_of_another_customer_is_left_out():
    by_phone, by_id = known(OLD), known(None, "DE.1")
    people = identify([identity(OLD, "DE.1")], directory(by_phone, by_id))
    (row,) = plan_rows(people)[1]
    assert (row.phone, row.whatsapp_user_id, row.identified_at, plan_rows(people)[0]) == (None, "DE.1", NOON, [])
    assert customer_ids_of(people, {}, {(BUSINESS, "DE.1"): by_id.id}) == [by_id.id]


def test_a_notice_about_an_unknown_customer_creates_none():
    people = identify([identity(OLD, creates_customer=False)], Directory())
    assert plan_rows(people) == ([], [])
    assert customer_ids_of(people, {}, {}) == [None]


def test_the_earliest_profile_name_and_the_latest_id_count():
    senders = [identity(OLD, "DE.2", "Late", at=9), identity(OLD, "DE.1", "Early"), identity(OLD, "DE.1", "", at=-5)]
    (row,), _ = plan_rows(identify(senders, Directory()))
    assert (row.name, row.name_at, row.whatsapp_user_id) == ("Early", NOON, "DE.2")


def test_a_new_number_with_a_known_id_is_a_move_from_the_older_number_to_the_newer():
    customer = known(OLD, "DE.1", identified_at=NOON)
    later = identify([identity(NEW, "DE.1", at=60)], directory(customer))
    assert moves_of(later) == [(OLD, "DE.1", NEW, "DE.1", NOON + timedelta(seconds=60))]
    earlier = identify([identity(NEW, "DE.1", at=-60)], directory(customer))
    assert moves_of(earlier) == [(NEW, "DE.1", OLD, "DE.1", NOON)]


def test_two_ids_of_one_number_in_a_delivery_are_a_move_at_the_time_of_the_first_message_with_the_new_id():
    people = identify([identity(OLD, "DE.2", at=at) for at in (30, 20)] + [identity(OLD, "DE.1")], Directory())
    assert moves_of(people) == [(OLD, "DE.1", OLD, "DE.2", NOON + timedelta(seconds=20))]


def test_a_message_with_one_identifier_contradicts_nothing():
    customer = known(OLD, "DE.1", identified_at=NOON)
    assert not implied_moves(identify([identity(OLD, at=9), identity(None, "DE.1", at=9)], directory(customer)))


def test_a_move_of_one_identifier_implies_a_move_of_the_other():
    moved = identity(OLD, "DE.1").after(Move("DE.1", None, "DE.2", NOON + timedelta(seconds=5)))
    assert (moved.phone, moved.whatsapp_user_id, moved.since) == (
        OLD,
        "DE.2",
        NOON + timedelta(seconds=5, microseconds=1),
    )
    assert moves_of(identify([moved], Directory())) == [(OLD, "DE.1", OLD, "DE.2", NOON + timedelta(seconds=5))]


def test_a_number_that_moved_to_an_id_is_no_longer_looked_up():
    moved = identity("+5215512345678").after(Move("+525512345678", None, "MX.1", NOON))
    assert (moved.phone, moved.whatsapp_user_id) == (None, "MX.1")


phones = st.sampled_from([None, OLD, NEW, "+5215512345678", "+525512345678"])
ids = st.sampled_from([None, "DE.1", "DE.2"])
senders = st.lists(
    st.tuples(phones, ids, st.sampled_from(["", "Ada", "Bo"])).filter(lambda one: one[0] or one[1]), max_size=8
)


@given(senders, st.randoms(use_true_random=False), st.booleans())
def test_the_order_within_a_delivery_does_not_matter(senders, chance, is_known):
    identities = [identity(phone, known_id, name, n) for n, (phone, known_id, name) in enumerate(senders)]
    here = directory(known(OLD, "DE.1", identified_at=NOON)) if is_known else Directory()
    shuffled = chance.sample(identities, len(identities))
    assert plan_rows(identify(shuffled, here)) == plan_rows(identify(identities, here))
    assert set(implied_moves(identify(shuffled, here))) == set(implied_moves(identify(identities, here)))


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
