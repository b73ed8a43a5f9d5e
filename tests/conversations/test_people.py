"""Who is behind messages: by number, by id, by both; what contradicts what is known, and the moves implied by it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from conversations.customer_rows import customers_of, rows_of
from conversations.implied_moves import implied_moves
from conversations.incoming import Sender
from conversations.people import Directory, Finding, Known, Move, Sighting, identify
from conversations.phone import phone_key

BUSINESS = UUID(int=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = "+4915100000001", "+4915100000002"


def sighting(phone=None, known_id=None, name="", at=0, *, is_made=True):
    return Sighting(
        user_id=BUSINESS,
        provider_id=f"wamid.{at}",
        said=Sender(phone=phone, whatsapp_user_id=known_id, name=name),
        phone=phone,
        whatsapp_user_id=known_id,
        wrote_at=NOON + timedelta(seconds=at),
        is_made=is_made,
    )


def known(phone=None, known_id=None, identified_at=None, *, active=False):
    return Known(uuid4(), phone, known_id, identified_at, active)


def directory(*customers):
    found = Directory()
    for customer in customers:
        seen = sighting(customer.phone, customer.whatsapp_user_id)
        by_phone = customer if customer.phone else None
        found.add(seen, Finding(None, by_phone, customer if customer.whatsapp_user_id else None, None))
    return found


def moves_of(people):
    return [
        (move.former.phone, move.former.whatsapp_user_id, move.now.phone, move.now.whatsapp_user_id, move.at)
        for move in implied_moves(people)
    ]


def test_who_shows_one_identifier_here_and_both_there_is_one_person():
    people = identify([sighting(OLD), sighting(OLD, "DE.1", at=1), sighting(None, "DE.1", at=2)], Directory())
    assert {(person.phone, person.whatsapp_user_id) for person in people} == {(OLD, "DE.1")}
    (row,), by_id = rows_of(people)
    assert (row.phone, row.whatsapp_user_id, row.identified_at, by_id) == (OLD, "DE.1", NOON + timedelta(seconds=1), [])


def test_both_forms_of_a_mexican_number_are_one_person():
    people = identify([sighting("+5215512345678"), sighting("+525512345678", at=1)], Directory())
    (row,), _ = rows_of(people)
    assert row.phone == "+5215512345678"


def test_of_two_customers_the_one_with_the_id_counts_unless_only_the_other_has_an_active_conversation():
    for active_by_phone, active_by_id in ((False, False), (True, True), (False, True), (True, False)):
        by_phone, by_id = known(OLD, active=active_by_phone), known(None, "DE.1", active=active_by_id)
        (person,) = identify([sighting(OLD, "DE.1")], directory(by_phone, by_id))
        assert person.customer == (by_phone if active_by_phone and not active_by_id else by_id)
        assert not person.contradicts


def test_an_identifier_that_another_customer_has_stays_with_that_one():
    by_phone, by_id = known(OLD), known(None, "DE.1")
    people = identify([sighting(OLD, "DE.1")], directory(by_phone, by_id))
    (row,) = rows_of(people)[1]
    assert (row.phone, row.whatsapp_user_id, row.identified_at, rows_of(people)[0]) == (None, "DE.1", NOON, [])
    assert customers_of(people, {}, {(BUSINESS, "DE.1"): by_id.id}) == [by_id.id]


def test_a_notice_to_somebody_who_is_not_here_makes_nobody():
    people = identify([sighting(OLD, is_made=False)], Directory())
    assert rows_of(people) == ([], [])
    assert customers_of(people, {}, {}) == [None]


def test_the_earliest_profile_name_and_the_latest_id_count():
    said = [sighting(OLD, "DE.2", "Late", at=9), sighting(OLD, "DE.1", "Early"), sighting(OLD, "DE.1", "", at=-5)]
    (row,), _ = rows_of(identify(said, Directory()))
    assert (row.name, row.name_at, row.whatsapp_user_id) == ("Early", NOON, "DE.2")


def test_a_new_number_beside_a_known_id_is_a_move_from_the_older_statement_to_the_newer():
    customer = known(OLD, "DE.1", identified_at=NOON)
    later = identify([sighting(NEW, "DE.1", at=60)], directory(customer))
    assert moves_of(later) == [(OLD, "DE.1", NEW, "DE.1", NOON + timedelta(seconds=60))]
    earlier = identify([sighting(NEW, "DE.1", at=-60)], directory(customer))
    assert moves_of(earlier) == [(NEW, "DE.1", OLD, "DE.1", NOON)]


def test_two_ids_of_one_number_in_a_delivery_are_a_move_and_it_was_when_the_first_of_them_was_written():
    people = identify([sighting(OLD, "DE.2", at=at) for at in (30, 20)] + [sighting(OLD, "DE.1")], Directory())
    assert moves_of(people) == [(OLD, "DE.1", OLD, "DE.2", NOON + timedelta(seconds=20))]


def test_who_shows_one_identifier_only_contradicts_nobody():
    customer = known(OLD, "DE.1", identified_at=NOON)
    assert not implied_moves(identify([sighting(OLD, at=9), sighting(None, "DE.1", at=9)], directory(customer)))


def test_a_move_of_one_identifier_takes_the_other_along():
    moved = sighting(OLD, "DE.1").after(Move("DE.1", None, "DE.2", NOON + timedelta(seconds=5)))
    assert (moved.phone, moved.whatsapp_user_id, moved.since) == (
        OLD,
        "DE.2",
        NOON + timedelta(seconds=5, microseconds=1),
    )
    assert moves_of(identify([moved], Directory())) == [(OLD, "DE.1", OLD, "DE.2", NOON + timedelta(seconds=5))]


def test_a_number_that_moved_to_an_id_alone_is_not_looked_for_any_more():
    moved = sighting("+5215512345678").after(Move("+525512345678", None, "MX.1", NOON))
    assert (moved.phone, moved.whatsapp_user_id) == (None, "MX.1")


phones = st.sampled_from([None, OLD, NEW, "+5215512345678", "+525512345678"])
ids = st.sampled_from([None, "DE.1", "DE.2"])
said = st.lists(
    st.tuples(phones, ids, st.sampled_from(["", "Ada", "Bo"])).filter(lambda one: one[0] or one[1]), max_size=8
)


@given(said, st.randoms(use_true_random=False), st.booleans())
def test_the_order_within_a_delivery_means_nothing(said, chance, is_known):
    sightings = [sighting(phone, known_id, name, n) for n, (phone, known_id, name) in enumerate(said)]
    here = directory(known(OLD, "DE.1", identified_at=NOON)) if is_known else Directory()
    shuffled = chance.sample(sightings, len(sightings))
    assert rows_of(identify(shuffled, here)) == rows_of(identify(sightings, here))
    assert set(implied_moves(identify(shuffled, here))) == set(implied_moves(identify(sightings, here)))


@given(said)
def test_every_message_of_somebody_new_has_exactly_one_row_and_rows_are_in_the_order_of_locks(said):
    people = identify(
        [sighting(phone, known_id, name, n) for n, (phone, known_id, name) in enumerate(said)], Directory()
    )
    by_phone, by_id = rows_of(people)
    phone_ids = {(BUSINESS, phone_key(row.phone or "")): uuid4() for row in by_phone}
    known_ids = {(BUSINESS, row.whatsapp_user_id or ""): uuid4() for row in by_id}
    assert list(phone_ids) == sorted(phone_ids)
    assert list(known_ids) == sorted(known_ids)
    assert len(phone_ids) == len(by_phone)
    assert None not in customers_of(people, phone_ids, known_ids)
    taken = [row.whatsapp_user_id for row in by_phone + by_id if row.whatsapp_user_id]
    assert len(taken) == len(set(taken))
