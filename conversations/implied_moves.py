"""Moves that nobody told: messages that contradict what is known of a customer imply them. Pure functions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from conversations.incoming import MoveReport, Sender
from conversations.people import Person


def implied_moves(people: Iterable[Person]) -> list[MoveReport]:
    """The moves that messages imply without anybody telling them: from the older statement to the newer.

    One that many messages imply happened when the first of them was written.
    """
    moves: dict[tuple[UUID, Sender, Sender], MoveReport] = {}
    implied = (move for person in people for move in _moves_of(person))
    for move in sorted(implied, key=lambda move: move.at):
        moves.setdefault((move.user_id, move.former, move.now), move)
    return list(moves.values())


def _moves_of(person: Person) -> Iterable[MoveReport]:
    sighting = person.sighting
    now = Sender(phone=person.phone, whatsapp_user_id=person.whatsapp_user_id)

    def move(former: Sender, to: Sender, at: datetime) -> MoveReport:
        return MoveReport(user_id=sighting.user_id, former=former, now=to, at=at)

    known = person.by_id or person.by_phone
    if known and person.contradicts_customer:
        # One of the two is the customer's own, and the other is what the customer has beside it.
        there = Sender(
            phone=(person.by_id and person.by_id.phone) or person.phone,
            whatsapp_user_id=(person.by_phone and person.by_phone.whatsapp_user_id) or person.whatsapp_user_id,
        )
        if known.identified_at is None or sighting.wrote_at >= known.identified_at:
            yield move(there, now, sighting.wrote_at)
        else:
            yield move(now, there, known.identified_at)
    if person.contradicts_message:
        former = Sender(
            phone=person.phone_before or person.phone, whatsapp_user_id=person.id_before or person.whatsapp_user_id
        )
        yield move(former, now, sighting.wrote_at)
    if person.moved_in_part and sighting.moved_at:
        said = replace(sighting.said, name="")
        yield move(said, now, sighting.moved_at)
