"""Service that finds, updates or creates the customers of inbound messages. Caller holds the transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import psycopg
from django.db import IntegrityError

from conversations.customer_rows import customer_of, is_settled, plan_rows
from conversations.identification import MAX_MOVES, Directory, Person, SenderIdentity, identify
from conversations.implied_moves import implied_moves
from conversations.incoming import IncomingMessage, MoveReport
from conversations.models import Customer
from conversations.services.late_deliveries import messages_of_erased
from leadsite.core.transactions import ConcurrentChange

_CHANGED: Final = "A customer of this delivery changed phone number or WhatsApp user id at the same moment."


class MoveCustomers(Protocol):
    """Applies moves. Passed in by the caller, because merging two customers also merges their leads."""

    def __call__(self, *, moves: Sequence[MoveReport]) -> None: ...


class LookedUp(NamedTuple):
    """Messages and who sent them, of those that are not stored and are not old. The other fields: as those
    of Identified.
    """

    new: list[IncomingMessage]
    people: list[Person]
    old: list[IncomingMessage]
    businesses: set[UUID]
    erased_at: datetime | None

    @property
    def is_settled(self) -> bool:
        return all(map(is_settled, self.people))

    @property
    def contradicts(self) -> bool:
        """Whether messages contradict what is stored of their senders, or one another."""
        return any(person.contradicts for person in self.people)


class Identified(NamedTuple):
    """Messages with their customers, locked; None where no customer is stored. `old`: those of erased people.

    `erased_at`: when a person of one of `businesses` was erased last; of all that were looked up, also of those for
    which nothing is new.
    """

    messages: list[tuple[IncomingMessage, UUID | None]]
    old: list[IncomingMessage]
    businesses: set[UUID]
    erased_at: datetime | None


def identify_customers(*, found: LookedUp, move_customers: MoveCustomers) -> Identified:
    """Return the messages that are not stored yet, each with its customer, without those of erased people. `found`:
    by look_up_senders, in this transaction.

    The full message of a stored placeholder counts as new. Identifiers and names from messages fill empty columns of
    the customer. Where messages contradict what is stored of a customer, `move_customers` is called once with the moves
    that they imply, and the look-up is repeated. That number and id belong to two customers is no reason to merge
    them.
    A delivery that is stored already writes no customer.

    Locks: the customers, those with a phone in the order of (user, phone key), then those without in the order of
    (user, WhatsApp user id). Raises django.db.Error; among them ConcurrentChange where a customer's identifiers have
    changed since the look-up, which locks nothing: the caller repeats the transaction. A number that another customer
    has got since then is an IntegrityError, and the caller stores the messages one by one.
    """
    new, people, old, businesses, erased_at = found
    if found.contradicts:
        move_customers(moves=implied_moves(people))
        new, people, _, businesses, erased_at = look_up_senders(new)
    by_phone, by_id = plan_rows(people)
    try:
        written = Customer.objects.write_by_phone(by_phone), Customer.objects.write_by_id(by_id)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "customers_whatsapp_user_id_unique":
            raise ConcurrentChange(_CHANGED) from error
        raise
    for rows, customers in zip((by_phone, by_id), written, strict=True):
        if not all(key in customers and row.agrees_with(customers[key]) for key, row in rows.items()):
            raise ConcurrentChange(_CHANGED)
    customer_ids = []
    for person in people:
        customer = customer_of(person, *written)
        customer_ids.append(customer_id := customer.id if customer else None)
        if person.customer is not None and person.customer.id != customer_id:
            raise ConcurrentChange(_CHANGED)
    return Identified(list(zip(new, customer_ids, strict=True)), old, businesses, erased_at)


def look_up_senders(messages: Sequence[IncomingMessage]) -> LookedUp:
    """Return the messages that are not stored and who sent them: one query, one more for each further move, and one
    where people of these businesses were erased. Locks nothing. Raises django.db.Error.
    """
    new: list[IncomingMessage] = []
    identities: list[SenderIdentity] = []
    directory = Directory()
    # Senders with a later move are looked up again by their new identifiers, until there is no further move.
    moved = []
    first = [SenderIdentity.of(message) for message in messages]
    known = Customer.objects.look_up(first)
    erased_at = max((found.erased_at for found in known if found.erased_at), default=None)
    gone = messages_of_erased(messages) if erased_at else set()
    old = []
    for message, identity, found in zip(messages, first, known, strict=True):
        if found.stored_kind is None and message.key in gone:
            old.append(message)
            continue
        if found.stored_kind is not None and not message.completes(found.stored_kind):
            continue
        new.append(message)
        identities.append(replace(identity, creates_customer=False) if found.stored_kind else identity)
        directory.add(identity, found)
        if found.move:
            moved.append((len(identities) - 1, found.move))
    for _ in range(MAX_MOVES):
        if not moved:
            break
        for n, move in moved:
            identities[n] = identities[n].after(move)
        numbers = [n for n, _ in moved]
        lookups = Customer.objects.look_up([identities[n] for n in numbers])
        for n, found in zip(numbers, lookups, strict=True):
            directory.add(identities[n], found)
        moved = [(n, found.move) for n, found in zip(numbers, lookups, strict=True) if found.move]
    businesses = {message.user_id for message in messages}
    return LookedUp(new, identify(identities, directory), old, businesses, erased_at)
