"""Changes of numbers and ids that are implied by contradictions between messages."""

from datetime import timedelta

from conversations.identification import Directory, Move, identify
from conversations.implied_moves import implied_moves
from tests.conversations.senders import NEW, NOON, OLD, directory, identity, known


def moves_of(people):
    return [
        (move.former.phone, move.former.whatsapp_user_id, move.now.phone, move.now.whatsapp_user_id, move.at)
        for move in implied_moves(people)
    ]


def test_a_new_number_with_a_known_id_is_a_move_from_the_older_to_the_newer_number():
    customer = known(OLD, "DE.1", identified_at=NOON)
    later = identify([identity(NEW, "DE.1", at=60)], directory(customer))
    assert moves_of(later) == [(OLD, "DE.1", NEW, "DE.1", NOON + timedelta(seconds=60))]
    earlier = identify([identity(NEW, "DE.1", at=-60)], directory(customer))
    assert moves_of(earlier) == [(NEW, "DE.1", OLD, "DE.1", NOON)]


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
