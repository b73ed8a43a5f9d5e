"""Decides what reported moves change: customers with other numbers and ids, merges of customers. No database.

One move after the other, because each depends on what the one before has changed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from conversations.identification import MAX_MOVES
from conversations.incoming import MoveReport, Sender
from conversations.models import MoveRow
from conversations.phone import key_of
from leads.number_changes.book import Book, KnownCustomer, NumberChanges, identifiers_of

# Providers report times in whole seconds: a message from the second of a move may have been written before it.
_SECOND: Final = timedelta(seconds=1)


def plan_moves(
    moves: Iterable[MoveReport], customers: Iterable[KnownCustomer], stored: Iterable[MoveRow]
) -> NumberChanges:
    """Return what these moves change.

    `customers` and `stored`: all with an identifier of a move, and all with one that those lead to.
    """
    book = Book(customers, stored)
    for move in sorted(moves, key=_order):
        _move(move, book)
    return book.changes


def _order(move: MoveReport) -> tuple[UUID, datetime, str, str]:
    # Missing identifiers sort last.
    return move.user_id, move.at, key_of(move.former.phone) or "~", move.former.whatsapp_user_id or "~"


def _move(move: MoveReport, book: Book) -> None:
    given_up = identifiers_of(move.former) - identifiers_of(move.now)
    if not given_up:
        _add_number(move, book)
        return
    # A repeated report changes nothing: the old number may belong to another person by then.
    if not book.record(move, move.now, given_up, completes=False):
        return
    now, now_at = _present_identifiers(move, book)
    customer = _customer_before(move, now, book)
    others = [one for one in _customers_with(now, move.user_id, book) if customer is None or one.id != customer.id]
    if not all(one.is_known_only_since(move.at) for one in others):
        # An identifier belongs to another person: messages must not be redirected there, nor anybody merged.
        book.forget(move, given_up)
    elif customer is not None:
        for other in others:
            customer = book.merge(other, customer)
            now = replace(
                now, phone=now.phone or other.phone, whatsapp_user_id=now.whatsapp_user_id or other.whatsapp_user_id
            )
        _record_former_id(customer, move, now, book)
        _identify(customer, move, now, now_at, book)


def _add_number(move: MoveReport, book: Book) -> None:
    """Merge the customer with this id and the one with the number that they say is theirs.

    Only where the one has no number and the other no id, as after a form and a message without number. Where no
    customer has the number, the message that says so fills it. The younger row is merged into the older one, as if both
    identifiers had been known from the beginning.
    """
    now, now_at = _present_identifiers(move, book)
    by_id, by_phone = book.by_id(move.user_id, now.whatsapp_user_id), book.by_phone(move.user_id, now.phone)
    if by_id is None or by_phone is None or by_id.phone or by_phone.whatsapp_user_id:
        return
    target, source = sorted((by_id, by_phone), key=lambda one: one.id)
    book.identify(book.merge(source, target), by_phone.phone, by_id.whatsapp_user_id, now_at)


def _present_identifiers(move: MoveReport, book: Book) -> tuple[Sender, datetime]:
    """Return the customer's present identifiers and since when: later moves may have been reported before this one."""
    now, now_at = replace(move.now, name=""), move.at
    for _ in range(MAX_MOVES):
        following = book.next_move(move.user_id, now, now_at)
        if following is None:
            break
        now = replace(
            now,
            phone=following.phone or now.phone,
            whatsapp_user_id=following.whatsapp_user_id or now.whatsapp_user_id,
        )
        now_at = following.moved_at
    return now, now_at


def _customer_before(move: MoveReport, now: Sender, book: Book) -> KnownCustomer | None:
    """Return the customer who moves: the one with the former id, or with the former number before the move."""
    known_id = move.former.whatsapp_user_id
    by_id = book.by_id(move.user_id, known_id)
    if by_id is not None:
        return by_id
    by_phone = book.by_phone(move.user_id, move.former.phone)
    if by_phone is None:
        return None
    # A customer with a different id is another person, unless one of the ids is unknown.
    ids = (known_id, now.whatsapp_user_id)
    is_other = by_phone.whatsapp_user_id is not None and by_phone.whatsapp_user_id not in ids and None not in ids
    # A customer who has only written since the move is the number's next owner.
    return None if is_other or by_phone.is_known_only_since(move.at + _SECOND) else by_phone


def _customers_with(now: Sender, user_id: UUID, book: Book) -> list[KnownCustomer]:
    """Return the customers with the new number or the new id, at most two: first the one with the lower number."""
    found = (book.by_phone(user_id, now.phone), book.by_id(user_id, now.whatsapp_user_id))
    customers = {one.id: one for one in found if one is not None}
    return sorted(customers.values(), key=lambda one: (one.phone_key or "~", one.whatsapp_user_id or "~"))


def _record_former_id(customer: KnownCustomer, move: MoveReport, now: Sender, book: Book) -> None:
    """Record the former id too: a new number implies a new id, even if the report does not name the old one."""
    former = {key_of(move.former.phone)}
    if now.whatsapp_user_id is not None:
        former.add(customer.whatsapp_user_id)
    book.record(move, now, {one for one in former if one} - identifiers_of(now), completes=True)


def _identify(customer: KnownCustomer, move: MoveReport, now: Sender, now_at: datetime, book: Book) -> None:
    """Give the customer the present identifiers, except those that another customer has."""

    def is_free(holder: KnownCustomer | None) -> bool:
        return holder is None or holder.id == customer.id

    phone, known_id = customer.phone, customer.whatsapp_user_id
    if now.phone is None:
        # The customer moved from a number to an id: the number may get another owner.
        if now.whatsapp_user_id is not None and customer.phone_key == key_of(move.former.phone):
            phone = None
    elif is_free(book.by_phone(customer.user_id, now.phone)):
        phone = now.phone
    if now.whatsapp_user_id and is_free(book.by_id(customer.user_id, now.whatsapp_user_id)):
        known_id = now.whatsapp_user_id
    book.identify(customer, phone, known_id, max(customer.identified_at or now_at, now_at))
