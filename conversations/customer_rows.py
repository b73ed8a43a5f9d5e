"""Computes the rows of customers to insert or update for a delivery. Pure functions, no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from conversations.identification import Person


@dataclass(slots=True, kw_only=True)
class CustomerRow:
    """One customer to insert, or to update where columns are empty.

    `name` is the profile name, reported at `name_at`. `identified_at` is when a message last had both phone and id.
    """

    user_id: UUID
    phone: str | None
    whatsapp_user_id: str | None
    name: str | None
    name_at: datetime | None
    identified_at: datetime | None


def plan_rows(people: Sequence[Person]) -> tuple[list[CustomerRow], list[CustomerRow]]:
    """Return the rows to write by phone and those to write by WhatsApp user id, each in lock order: Note [Lock order].

    An identifier that another customer has is left out.
    """
    by_phone: dict[tuple[UUID, str], list[Person]] = {}
    by_id: dict[tuple[UUID, str], list[Person]] = {}
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
    rows = []
    for user_id, key in sorted(by_phone):
        known_id = _latest_id(by_phone[user_id, key])
        owner = with_phone.setdefault((user_id, known_id), key)
        rows.append(_row(by_phone[user_id, key], known_id if owner == key else None))
    return rows, [_row(by_id[user_id, known_id], known_id) for user_id, known_id in sorted(by_id)]


def customer_ids_of(
    people: Iterable[Person], by_phone: dict[tuple[UUID, str], UUID], by_id: dict[tuple[UUID, str], UUID]
) -> list[UUID | None]:
    """Return each person's customer, from the ids that writing the rows returned; None where no customer is stored."""
    return [
        by_phone.get((person.identity.user_id, person.lock_key))
        if person.lock_key is not None
        else by_id.get((person.identity.user_id, person.whatsapp_user_id or ""))
        for person in people
    ]


def _row(people: Sequence[Person], known_id: str | None) -> CustomerRow:
    earliest_first = sorted(people, key=lambda person: person.identity.wrote_at) if len(people) > 1 else people
    names = [(one.identity.wrote_at, one.identity.original.name) for one in people if one.identity.original.name]
    name_at, name = min(names, default=(None, None))
    return CustomerRow(
        user_id=people[0].identity.user_id,
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
