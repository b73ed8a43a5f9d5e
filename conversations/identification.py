"""Finds the person who sent each message of a delivery. Pure functions.

A customer is identified by phone number, by WhatsApp user id, or by both, and each of them can change. The steps:
  1. `SenderIdentity.after`  replaces identifiers by those of stored moves (table customer_moves)
  2. `identify`              joins messages that share an identifier into one person, and finds stored customers
  3. implied_moves.py        finds moves implied by messages that contradict what is stored; they are applied, and
                             the look-up is repeated
customer_rows.py then computes the rows to write. services/identify.py reads and writes the database for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from conversations.incoming import IncomingMessage, Sender
from conversations.phone import key_of, phone_key

MAX_MOVES: Final = 10  # one move can lead to another; longer chains are cut off here
_TICK: Final = timedelta(microseconds=1)  # the resolution of PostgreSQL's timestamps

# (user_id, phone key or WhatsApp user id).
Identifier = tuple[UUID, str | None]


class Move(NamedTuple):
    """A row of customer_moves: who was `former` until `moved_at` is `phone` or `whatsapp_user_id` from then on."""

    former: str
    phone: str | None
    whatsapp_user_id: str | None
    moved_at: datetime


class StoredCustomer(NamedTuple):
    """A customer as stored. `identified_at`: when a message last had both phone and id."""

    id: UUID
    phone: str | None
    whatsapp_user_id: str | None
    identified_at: datetime | None
    has_active_conversation: bool


class SenderLookup(NamedTuple):
    """What is stored of a message and its sender."""

    stored_kind: str | None  # of the message, if it is stored already, or is a copy of one that we sent
    by_phone: StoredCustomer | None
    by_id: StoredCustomer | None
    move: Move | None  # the first move of either identifier at or after `SenderIdentity.since`
    erased_at: datetime | None = None  # when a person of these businesses was erased last


@dataclass(slots=True)
class Directory:
    """The customers who have the identifiers of a delivery, by (user id, phone key) and (user id, WhatsApp id)."""

    by_phone: dict[Identifier, StoredCustomer] = field(default_factory=dict)
    by_id: dict[Identifier, StoredCustomer] = field(default_factory=dict)

    def add(self, identity: "SenderIdentity", found: SenderLookup) -> None:
        if found.by_phone:
            self.by_phone[identity.user_id, identity.phone_key] = found.by_phone
        if found.by_id:
            self.by_id[identity.user_id, identity.whatsapp_user_id] = found.by_id


@dataclass(slots=True, kw_only=True)
class SenderIdentity:
    """The sender of one message: as the message has it (`original`), and its identifiers now, after the moves since.

    `moved_at` is the time of the last of these moves. `creates_customer`: a customer is created if none exists.
    """

    user_id: UUID
    provider_id: str
    original: Sender
    phone: str | None
    whatsapp_user_id: str | None
    wrote_at: datetime
    creates_customer: bool
    moved_at: datetime | None = None
    message_id: UUID | None = None
    copy_token: str | None = None  # of an outgoing message, which may be stored with another id

    @classmethod
    def of(cls, message: IncomingMessage) -> "SenderIdentity":
        sender = message.event.customer
        return cls(
            user_id=message.user_id,
            provider_id=message.event.provider_id,
            message_id=message.message_id,
            copy_token=message.provider_token if message.event.direction == "out" else None,
            original=sender,
            phone=sender.phone,
            whatsapp_user_id=sender.whatsapp_user_id,
            wrote_at=message.at,
            creates_customer=message.event.creates_customer,
        )

    @property
    def phone_key(self) -> str | None:
        return key_of(self.phone)

    @property
    def since(self) -> datetime:
        """Moves from this time on apply to it: when the message was written, or just after the last applied move."""
        return self.moved_at + _TICK if self.moved_at else self.wrote_at

    def after(self, move: Move) -> "SenderIdentity":
        """Return it with this move of one identifier applied. The other stays, unless the move names a new one."""
        phone = self.phone if self.phone and phone_key(self.phone) != move.former else None
        known_id = self.whatsapp_user_id if self.whatsapp_user_id != move.former else None
        return replace(
            self,
            phone=move.phone or phone,
            whatsapp_user_id=move.whatsapp_user_id or known_id,
            moved_at=move.moved_at,
        )


@dataclass(slots=True, kw_only=True)
class Person:
    """The person who sent one message: identifiers from all messages of the delivery, and the customers who have them.

    `both_at` is when the message was written, if it has both identifiers itself. `phone_before` is the phone of the
    previous message with both identifiers and the same id; `id_before` is the id of the previous one with the same
    phone.

    `customer` is the stored customer: of two the one with an active conversation, otherwise the one with the id.
    `lock_key` is the phone key by which the customer's row is found and locked; None: by the id, because it has no
    phone.
    """

    identity: SenderIdentity
    phone: str | None
    phone_key: str | None
    whatsapp_user_id: str | None
    both_at: datetime | None
    phone_before: str | None
    id_before: str | None
    by_phone: StoredCustomer | None
    by_id: StoredCustomer | None
    customer: StoredCustomer | None = field(init=False)
    is_by_id: bool = field(init=False)
    lock_key: str | None = field(init=False)

    def __post_init__(self) -> None:
        # Once: each is read several times for each message.
        by_phone, by_id = self.by_phone, self.by_id
        self.customer = by_id or by_phone
        if by_id and by_phone and by_phone.has_active_conversation and not by_id.has_active_conversation:
            self.customer = by_phone
        self.is_by_id = False
        self.lock_key = self.phone_key
        if by_id and self.customer and self.customer.id == by_id.id:
            self.is_by_id = True
            self.lock_key = key_of(by_id.phone)

    @property
    def is_written(self) -> bool:
        """Whether a customer's row is written: not for a provider's notice about a customer who is not stored."""
        return self.customer is not None or self.identity.creates_customer

    @property
    def contradicts_customer(self) -> bool:
        """The message has both identifiers, and the customer with one of them has a different value of the other."""
        if self.both_at is None:
            return False
        if self.by_id and not self.by_phone:
            return self.by_id.phone is not None and phone_key(self.by_id.phone) != self.phone_key
        if self.by_phone and not self.by_id:
            return self.by_phone.whatsapp_user_id not in (None, self.whatsapp_user_id)
        return False

    @property
    def contradicts_message(self) -> bool:
        """The message has both identifiers, and an earlier message had one of them with a different other one."""
        has_new_phone = self.phone_before is not None and phone_key(self.phone_before) != self.phone_key
        has_new_id = self.id_before is not None and self.id_before != self.whatsapp_user_id
        return self.both_at is not None and (has_new_phone or has_new_id)

    @property
    def moved_in_part(self) -> bool:
        """The message has both identifiers, and one of them has moved: then the other has moved with it."""
        original = self.identity.original
        return self.identity.moved_at is not None and None not in (original.phone, original.whatsapp_user_id)

    @property
    def contradicts(self) -> bool:
        return self.contradicts_customer or self.contradicts_message or self.moved_in_part


def identify(identities: Sequence[SenderIdentity], directory: Directory) -> list[Person]:
    """Return the person who sent each message, in the order given; of equal times the first one given counts."""
    phones, ids = _latest(identities)
    before = _previous_identifiers(identities)
    people = []
    for n, identity in enumerate(identities):
        user_id, key = identity.user_id, identity.phone_key
        phone = identity.phone or phones.get((user_id, identity.whatsapp_user_id))
        known_id = identity.whatsapp_user_id or ids.get((user_id, key))
        key = key or key_of(phone)
        phone_before, id_before = before.get(n, (None, None))
        people.append(
            Person(
                identity=identity,
                phone=phone,
                phone_key=key,
                whatsapp_user_id=known_id,
                both_at=identity.wrote_at if identity.phone and identity.whatsapp_user_id else None,
                phone_before=phone_before,
                id_before=id_before,
                by_phone=directory.by_phone.get((user_id, key)) if key else None,
                by_id=directory.by_id.get((user_id, known_id)) if known_id else None,
            )
        )
    return people


def _both(identities: Sequence[SenderIdentity]) -> list[tuple[int, SenderIdentity]]:
    """Those with both identifiers, each with its index, ordered by time."""
    both = [(n, one) for n, one in enumerate(identities) if one.phone and one.whatsapp_user_id]
    return sorted(both, key=lambda item: item[1].wrote_at)


def _latest(identities: Sequence[SenderIdentity]) -> tuple[dict[Identifier, str], dict[Identifier, str]]:
    """The latest phone of each id, and the latest id of each phone key."""
    phones: dict[Identifier, str] = {}
    ids: dict[Identifier, str] = {}
    # Equal times in reverse order, because the later assignment wins: the first one given counts.
    for _, one in sorted(_both(identities), key=lambda item: (item[1].wrote_at, -item[0])):
        if one.phone and one.whatsapp_user_id:
            phones[one.user_id, one.whatsapp_user_id] = one.phone
            ids[one.user_id, one.phone_key] = one.whatsapp_user_id
    return phones, ids


def _previous_identifiers(identities: Sequence[SenderIdentity]) -> dict[int, tuple[str | None, str | None]]:
    """For each with both identifiers: the phone that the previous one had with its id, and the id with its phone."""
    phones: dict[Identifier, str | None] = {}
    ids: dict[Identifier, str | None] = {}
    before = {}
    for n, one in _both(identities):
        by_id, by_phone = (one.user_id, one.whatsapp_user_id), (one.user_id, one.phone_key)
        before[n] = phones.get(by_id), ids.get(by_phone)
        phones[by_id], ids[by_phone] = one.phone, one.whatsapp_user_id
    return before
