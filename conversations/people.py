"""Who is behind the messages of a delivery. Pure functions: what is known comes in, a decision goes out.

A customer is known by phone number, by WhatsApp user id, or by both, and each of them can change. The steps:
  1. `Sighting.after`    what a sender's identifiers became by moves that are known (table customer_moves)
  2. `identify`          who shows one identifier here and both there is one person; which customers have them
  3. implied_moves.py    messages that contradict what is known imply a move: apply it, then look up again
What the customers' rows are to hold then is in customer_rows.py; services/identify.py reads and writes for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from conversations.incoming import IncomingMessage, Opens, Sender
from conversations.phone import phone_key

# A move can lead to another; who went on for longer than this is where this leads.
MAX_MOVES: Final = 10

# The resolution of PostgreSQL's times: what happened after a moment happened at least so much later.
_TICK: Final = timedelta(microseconds=1)

# A business, and a phone key or WhatsApp user id.
Identifier = tuple[UUID, str | None]


class Move(NamedTuple):
    """A row of customer_moves: who was `former` until `moved_at` is `phone` or `whatsapp_user_id` from then on."""

    former: str
    phone: str | None
    whatsapp_user_id: str | None
    moved_at: datetime


class Known(NamedTuple):
    """A customer as the database has it. `identified_at`: when phone and id were last said to be one person's."""

    id: UUID
    phone: str | None
    whatsapp_user_id: str | None
    identified_at: datetime | None
    has_active_conversation: bool


class Finding(NamedTuple):
    """What the database has of a message and its sender."""

    kind_here: str | None  # of the message, where it is here already
    by_phone: Known | None
    by_id: Known | None
    move: Move | None  # the first of either identifier at or after `Sighting.since`


@dataclass(slots=True)
class Directory:
    """The customers who have the identifiers of a delivery: by (business, phone key) and (business, id)."""

    by_phone: dict[Identifier, Known] = field(default_factory=dict)
    by_id: dict[Identifier, Known] = field(default_factory=dict)

    def add(self, sighting: "Sighting", found: Finding) -> None:
        if found.by_phone:
            self.by_phone[sighting.user_id, sighting.phone_key] = found.by_phone
        if found.by_id:
            self.by_id[sighting.user_id, sighting.whatsapp_user_id] = found.by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one message says of its customer (`said`), and what that is by now, after the moves since.

    `moved_at` is when the last of the moves was. `is_made`: a customer is made for it where there is none.
    """

    user_id: UUID
    provider_id: str
    said: Sender
    phone: str | None
    whatsapp_user_id: str | None
    wrote_at: datetime
    is_made: bool
    moved_at: datetime | None = None

    @classmethod
    def of(cls, message: IncomingMessage) -> "Sighting":
        said = message.event.customer
        return cls(
            user_id=message.user_id,
            provider_id=message.event.provider_id,
            said=said,
            phone=said.phone,
            whatsapp_user_id=said.whatsapp_user_id,
            wrote_at=message.at,
            is_made=message.event.opens != Opens.NOTHING,
        )

    @property
    def phone_key(self) -> str | None:
        return phone_key(self.phone) if self.phone else None

    @property
    def since(self) -> datetime:
        """Moves from here on concern it: from when it was written, or after the move that it has been brought up to."""
        return self.moved_at + _TICK if self.moved_at else self.wrote_at

    def after(self, move: Move) -> "Sighting":
        """What it is after this move of one of its identifiers. The other stays, unless the move names a new one."""
        phone = self.phone if self.phone and phone_key(self.phone) != move.former else None
        known_id = self.whatsapp_user_id if self.whatsapp_user_id != move.former else None
        return replace(
            self,
            phone=move.phone or phone,
            whatsapp_user_id=move.whatsapp_user_id or known_id,
            moved_at=move.moved_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is behind one message: identifiers as known from all messages of the delivery, and the customers with them.

    `both_at` is when it was written, of a message that bears both identifiers itself; `phone_before` and `id_before`
    are what the message before it said, of those of the same id or number that bear both.
    """

    sighting: Sighting
    phone: str | None
    phone_key: str | None
    whatsapp_user_id: str | None
    both_at: datetime | None
    phone_before: str | None
    id_before: str | None
    by_phone: Known | None
    by_id: Known | None

    @property
    def customer(self) -> Known | None:
        """Of two customers the one with an active conversation, or else the one with the id."""
        if self.by_id and self.by_phone:
            only_by_phone = self.by_phone.has_active_conversation and not self.by_id.has_active_conversation
            return self.by_phone if only_by_phone else self.by_id
        return self.by_id or self.by_phone

    @property
    def is_by_id(self) -> bool:
        customer = self.customer
        return customer is not None and self.by_id is not None and customer.id == self.by_id.id

    @property
    def is_written(self) -> bool:
        """Whether a customer's row is written: not for a notice about a customer who is not stored."""
        return self.customer is not None or self.sighting.is_made

    @property
    def lock_key(self) -> str | None:
        """The phone key under which the customer's row is found and locked; None: by the id, for want of a phone."""
        if self.is_by_id and self.by_id:
            return phone_key(self.by_id.phone) if self.by_id.phone else None
        return self.phone_key

    @property
    def contradicts_customer(self) -> bool:
        """It bears both identifiers, and the customer with one of them has another one beside it."""
        if self.both_at is None:
            return False
        if self.by_id and not self.by_phone:
            return self.by_id.phone is not None and phone_key(self.by_id.phone) != self.phone_key
        if self.by_phone and not self.by_id:
            return self.by_phone.whatsapp_user_id not in (None, self.whatsapp_user_id)
        return False

    @property
    def contradicts_message(self) -> bool:
        """It bears both identifiers, and an earlier message of the delivery had another beside one of them."""
        has_new_phone = self.phone_before is not None and phone_key(self.phone_before) != self.phone_key
        has_new_id = self.id_before is not None and self.id_before != self.whatsapp_user_id
        return self.both_at is not None and (has_new_phone or has_new_id)

    @property
    def moved_in_part(self) -> bool:
        """A move is known of one of its two identifiers; so the other has moved as well."""
        said = self.sighting.said
        return self.sighting.moved_at is not None and None not in (said.phone, said.whatsapp_user_id)

    @property
    def contradicts(self) -> bool:
        return self.contradicts_customer or self.contradicts_message or self.moved_in_part


def identify(sightings: Sequence[Sighting], directory: Directory) -> list[Person]:
    """Say who is behind each, in the order given, which also decides between two of the same moment."""
    phones, ids = _latest(sightings)
    before = _statements_before(sightings)
    people = []
    for n, sighting in enumerate(sightings):
        user_id, key = sighting.user_id, sighting.phone_key
        phone = sighting.phone or phones.get((user_id, sighting.whatsapp_user_id))
        known_id = sighting.whatsapp_user_id or ids.get((user_id, key))
        key = key or (phone_key(phone) if phone else None)
        phone_before, id_before = before.get(n, (None, None))
        people.append(
            Person(
                sighting=sighting,
                phone=phone,
                phone_key=key,
                whatsapp_user_id=known_id,
                both_at=sighting.wrote_at if sighting.phone and sighting.whatsapp_user_id else None,
                phone_before=phone_before,
                id_before=id_before,
                by_phone=directory.by_phone.get((user_id, key)) if key else None,
                by_id=directory.by_id.get((user_id, known_id)) if known_id else None,
            )
        )
    return people


def _both(sightings: Sequence[Sighting]) -> list[tuple[int, Sighting]]:
    """Those that bear both identifiers, with their place, from the earliest to the latest."""
    both = [(n, one) for n, one in enumerate(sightings) if one.phone and one.whatsapp_user_id]
    return sorted(both, key=lambda item: item[1].wrote_at)


def _latest(sightings: Sequence[Sighting]) -> tuple[dict[Identifier, str], dict[Identifier, str]]:
    """The phone that goes with an id and the id that goes with a phone key, as said last."""
    phones: dict[Identifier, str] = {}
    ids: dict[Identifier, str] = {}
    # From the last to the first, and the later assignment wins: of two of the same moment the first one given counts.
    for _, one in sorted(_both(sightings), key=lambda item: (item[1].wrote_at, -item[0])):
        if one.phone and one.whatsapp_user_id:
            phones[one.user_id, one.whatsapp_user_id] = one.phone
            ids[one.user_id, one.phone_key] = one.whatsapp_user_id
    return phones, ids


def _statements_before(sightings: Sequence[Sighting]) -> dict[int, tuple[str | None, str | None]]:
    """For each that bears both: the phone that the one before it said of its id, and the id of its number."""
    phones: dict[Identifier, str | None] = {}
    ids: dict[Identifier, str | None] = {}
    before = {}
    for n, one in _both(sightings):
        by_id, by_phone = (one.user_id, one.whatsapp_user_id), (one.user_id, one.phone_key)
        before[n] = phones.get(by_id), ids.get(by_phone)
        phones[by_id], ids[by_phone] = one.phone, one.whatsapp_user_id
    return before
