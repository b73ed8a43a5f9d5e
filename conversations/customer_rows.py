"""Computes the rows of customers to insert or update for a delivery. Pure functions, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from conversations.identification import Person, StoredCustomer
from conversations.phone import key_of

R = TypeVar("R")


class WrittenCustomer(NamedTuple):
    """A customer after `write_by_phone` or `write_by_id`, locked."""

    id: UUID
    phone_key: str | None
    whatsapp_user_id: str | None


@dataclass(slots=True, kw_only=True)
class CustomerRow:
    """One customer to insert, or to update where columns are empty.

    `known`: as looked up. `name` is the profile name, reported at `name_at`. `identified_at` is when a message last had
    both phone and id.
    """

    user_id: UUID
    known: StoredCustomer | None
    phone: str | None
    whatsapp_user_id: str | None
    name: str | None
    name_at: datetime | None
    identified_at: datetime | None

    def agrees_with(self, written: WrittenCustomer) -> bool:
        """Whether an identifier that this delivery brings is the customer's now, unless another one was already looked
        up. Otherwise another transaction has stored one in the meantime.
        """
        known_id, known_phone = (self.known.whatsapp_user_id, self.known.phone) if self.known else (None, None)
        has_id = self.whatsapp_user_id is None or written.whatsapp_user_id in (self.whatsapp_user_id, known_id)
        return has_id and (self.phone is None or written.phone_key in (key_of(self.phone), key_of(known_phone)))


Key = tuple[UUID, str]  # a business, and the phone key or WhatsApp user id by which a row is found
Rows = dict[Key, CustomerRow]
Written = dict[Key, WrittenCustomer]


def is_settled(person: Person) -> bool:
    """Whether the customer's row has one place in the lock order, for every delivery that shares its business: it is
    found by its phone, or it has none and gets none, and nothing contradicts it. See Note [Deliveries side by side] in
    leads/services/receive.py.
    """
    known = person.customer
    if person.contradicts or person.identity.moved_at is not None:
        return False
    if known is None:
        # A notice about an unknown customer locks none, but may complete a message that is stored with one.
        return person.is_written and person.phone_key is not None
    if any(other and other.id != known.id for other in (person.by_phone, person.by_id)):
        return False
    has_other_id = known.whatsapp_user_id and person.whatsapp_user_id not in (None, known.whatsapp_user_id)
    return person.phone_key in (None, key_of(known.phone)) and not has_other_id


def plan_rows(people: Sequence[Person]) -> tuple[Rows, Rows]:
    """Return the rows to write by phone and those to write by WhatsApp user id, each in lock order: Note [Lock order].

    An identifier that another customer has is left out.
    """
    by_phone: dict[Key, list[Person]] = {}
    by_id: dict[Key, list[Person]] = {}
    for person in people:
        user_id, key = person.identity.user_id, person.lock_key
        if not person.is_written:
            continue
        if key is not None:
            by_phone.setdefault((user_id, key), []).append(person)
        elif person.whatsapp_user_id is not None:
            by_id.setdefault((user_id, person.whatsapp_user_id), []).append(person)
    # An id with two numbers is stored with one of them.
    with_phone: dict[tuple[UUID, str | None], str] = {}
    rows = {}
    for user_id, key in sorted(by_phone):
        known_id = _latest_id(by_phone[user_id, key])
        owner = with_phone.setdefault((user_id, known_id), key)
        rows[user_id, key] = _row(by_phone[user_id, key], known_id if owner == key else None)
    return rows, {key: _row(by_id[key], key[1]) for key in sorted(by_id)}


def customer_of(person: Person, by_phone: Mapping[Key, R], by_id: Mapping[Key, R]) -> R | None:
    """Return what the mappings have of the person's row; None where no customer is stored."""
    user_id = person.identity.user_id
    if person.lock_key is not None:
        return by_phone.get((user_id, person.lock_key))
    return by_id.get((user_id, person.whatsapp_user_id or ""))


def _row(people: Sequence[Person], known_id: str | None) -> CustomerRow:
    earliest_first = sorted(people, key=lambda person: person.identity.wrote_at) if len(people) > 1 else people
    names = [(one.identity.wrote_at, one.identity.original.name) for one in people if one.identity.original.name]
    name_at, name = min(names, default=(None, None))
    return CustomerRow(
        user_id=people[0].identity.user_id,
        known=people[0].customer,
        phone=next((phone for phone in map(_phone, earliest_first) if phone), None),
        whatsapp_user_id=known_id,
        name=name,
        name_at=name_at,
        identified_at=max((one.both_at for one in people if one.both_at), default=None),
    )


def _phone(person: Person) -> str | None:
    """The phone number for the row: the customer's present one first, never one that another customer has."""
    if person.is_by_id and person.by_id:
        if person.by_id.phone:
            return person.by_id.phone
        if person.by_phone and person.by_phone.id != person.by_id.id:
            return None
    return person.phone


def _latest_id(people: Sequence[Person]) -> str | None:
    """The WhatsApp user id of the latest message, unless another customer has it."""
    own = [one for one in people if one.whatsapp_user_id and (one.by_id is None or one.is_by_id)]
    return max(own, key=lambda one: one.identity.wrote_at).whatsapp_user_id if own else None
