"""Identifying the senders of messages by number, by id and by both, and the moves that contradictions imply."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from conversations.customer_rows import plan_rows
from conversations.identification import Directory, Move, identify
from conversations.implied_moves import implied_moves
from tests.conversations.senders import NOON, OLD, directory, identity, known, senders


def moves_of(people):
    return [
        (move.former.phone, move.former.whatsapp_user_id, move.now.phone, move.now.whatsapp_user_id, move.at)
        for move in implied_moves(people)
    ]


def test_messages_that_share_an_identifier_are_from_one_person():
    people = identify([identity(OLD), identity(OLD, "DE.1", at=1), identity(None, "DE.1", at=2)], Directory())
    assert {(person.phone, person.whatsapp_user_id) for person in people} == {(OLD, "DE.1")}
    by_phone, by_id = plan_rows(people)
    (row,) = by_phone.values()
    assert (row.phone, row.whatsapp_user_id, row.identified_at, by_id) == (OLD, "DE.1", NOON + timedelta(seconds=1), {})


def test_both_forms_of_a_mexican_number_are_one_person():
    people = identify([identity("+5215512345678"), identity("+525512345678", at=1)], Directory())
    (row,) = plan_rows(people)[0].values()
    assert row.phone == "+5215512345678"


def test_the_customer_with_the_id_is_used_unless_only_the_other_has_an_active_conversation():
    for active_by_phone, active_by_id in ((False, False), (True, True), (False, True), (True, False)):
        by_phone, by_id = known(OLD, active=active_by_phone), known(None, "DE.1", active=active_by_id)
        (person,) = identify([identity(OLD, "DE.1")], directory(by_phone, by_id))
        assert person.customer == (by_phone if active_by_phone and not active_by_id else by_id)
        assert not person.contradicts


def test_two_ids_of_one_number_in_a_delivery_are_a_move_at_the_time_of_the_first_message_with_the_new_id():
    people = identify([identity(OLD, "DE.2", at=at) for at in (30, 20)] + [identity(OLD, "DE.1")], Directory())
    assert moves_of(people) == [(OLD, "DE.1", OLD, "DE.2", NOON + timedelta(seconds=20))]


def test_a_number_that_moved_to_an_id_is_no_longer_looked_up():
    moved = identity("+5215512345678").after(Move("+525512345678", None, "MX.1", NOON))
    assert (moved.phone, moved.whatsapp_user_id) == (None, "MX.1")


@given(senders, st.randoms(use_true_random=False), st.booleans())
def test_the_order_within_a_delivery_does_not_matter(senders, rng, is_known):
    identities = [identity(phone, known_id, name, n) for n, (phone, known_id, name) in enumerate(senders)]
    stored = directory(known(OLD, "DE.1", identified_at=NOON)) if is_known else Directory()
    shuffled = rng.sample(identities, len(identities))
    rows, others = plan_rows(identify(identities, stored)), plan_rows(identify(shuffled, stored))
    assert [list(part.items()) for part in rows] == [list(part.items()) for part in others]
    assert set(implied_moves(identify(shuffled, stored))) == set(implied_moves(identify(identities, stored)))
