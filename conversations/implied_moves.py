"""Moves that no provider reported: a message that contradicts what is stored implies one. Pure functions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from conversations.identification import Person
from conversations.incoming import MoveReport, Sender


def implied_moves(people: Iterable[Person]) -> list[MoveReport]:
    """Return the moves that messages imply, each from the older identifiers to the newer ones.

    A move that several messages imply has the time of the earliest of them.
    """
    moves: dict[tuple[UUID, Sender, Sender], MoveReport] = {}
    implied = (move for person in people for move in _moves_of(person))
    for move in sorted(implied, key=lambda move: move.at):
        moves.setdefault((move.user_id, move.former, move.now), move)
    return list(moves.values())


def _moves_of(person: Person) -> Iterable[MoveReport]:
    identity = person.identity
    now = Sender(phone=person.phone, whatsapp_user_id=person.whatsapp_user_id)

    def move(former: Sender, to: Sender, at: datetime) -> MoveReport:
        return MoveReport(user_id=identity.user_id, former=former, now=to, at=at)

    known = person.by_id or person.by_phone
    if known and person.contradicts_customer:
        # One of the two identifiers is the customer's; the other is replaced by the one stored with it.
        stored = Sender(
            phone=(person.by_id and person.by_id.phone) or person.phone,
            whatsapp_user_id=(person.by_phone and person.by_phone.whatsapp_user_id) or person.whatsapp_user_id,
        )
        if known.identified_at is None or identity.wrote_at >= known.identified_at:
            yield move(stored, now, identity.wrote_at)
        else:
            yield move(now, stored, known.identified_at)
    if person.contradicts_message:
        former = Sender(
            phone=person.phone_before or person.phone, whatsapp_user_id=person.id_before or person.whatsapp_user_id
        )
        yield move(former, now, identity.wrote_at)
    if person.moved_in_part and identity.moved_at:
        original = replace(identity.original, name="")
        yield move(original, now, identity.moved_at)
