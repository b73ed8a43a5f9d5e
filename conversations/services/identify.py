"""Service that finds whose messages these are: customers found, filled or made. Caller holds the transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

import psycopg
from django.db import OperationalError

from conversations.customer_rows import customers_of, rows_of
from conversations.implied_moves import implied_moves
from conversations.incoming import IncomingMessage, MoveReport
from conversations.models import Customer
from conversations.people import MAX_MOVES, Directory, Person, Sighting, identify


class MoveCustomers(Protocol):
    """What a move does is more than is known here: merging two customers also merges what was made of them."""

    def __call__(self, *, moves: Sequence[MoveReport]) -> None: ...


def identify_customers(
    *, messages: Sequence[IncomingMessage], move_customers: MoveCustomers
) -> list[tuple[IncomingMessage, UUID | None]]:
    """Return the messages that are not here yet, each with its customer, locked; None for who is not here nor made.

    The real message of a placeholder that is here counts as new; its customer is not made, being here. What a message
    brings along fills what the customer lacks. Where messages contradict what is known of a customer, `move_customers`
    gets the moves that they imply, once, and the look-up is repeated. Where number and id belong to two customers
    nothing is merged. A delivery that is here already touches no customer.

    Locks: the customers, those with a phone in the order of (user, phone key), then those without in the order of
    (user, WhatsApp user id). Raises django.db.Error; OperationalError of a serialization failure where a customer has
    a new identifier since the look-up: repeat the transaction.
    """
    new, people = _look_up(messages)
    if any(person.contradicts for person in people):
        move_customers(moves=implied_moves(people))
        new, people = _look_up(new)
    by_phone, by_id = rows_of(people)
    written_by_phone = Customer.objects.write_by_phone(by_phone)
    written_by_id = Customer.objects.write_by_id(by_id)
    customers = customers_of(people, written_by_phone, written_by_id)
    for person, customer_id in zip(people, customers, strict=True):
        # The look-up locked nothing: by now the number or the id may belong to another customer.
        if person.customer is not None and person.customer.id != customer_id:
            raise overtaken("A customer of this delivery changed phone number or WhatsApp user id at the same moment.")
    return list(zip(new, customers, strict=True))


def overtaken(what: str) -> OperationalError:
    """The error for what another transaction has changed since the look-up; like PostgreSQL's own it is repeated."""
    error = OperationalError(what)
    error.__cause__ = psycopg.errors.SerializationFailure(what)
    return error


def _look_up(messages: Sequence[IncomingMessage]) -> tuple[list[IncomingMessage], list[Person]]:
    """The messages that are not here and who is behind them: one query, and one more for each move that follows."""
    new: list[IncomingMessage] = []
    sightings: list[Sighting] = []
    directory = Directory()
    # Who wrote before a move is looked up as what they became by it, and so on to what they are now.
    moved = []
    first = [Sighting.of(message) for message in messages]
    for message, sighting, found in zip(messages, first, Customer.objects.known(first), strict=True):
        if found.kind_here is not None and not message.completes(found.kind_here):
            continue
        new.append(message)
        sightings.append(replace(sighting, is_made=False) if found.kind_here else sighting)
        directory.add(sighting, found)
        if found.move:
            moved.append((len(sightings) - 1, found.move))
    for _ in range(MAX_MOVES):
        if not moved:
            break
        for n, move in moved:
            sightings[n] = sightings[n].after(move)
        numbers = [n for n, _ in moved]
        findings = Customer.objects.known([sightings[n] for n in numbers])
        for n, found in zip(numbers, findings, strict=True):
            directory.add(sightings[n], found)
        moved = [(n, found.move) for n, found in zip(numbers, findings, strict=True) if found.move]
    return new, identify(sightings, directory)
