"""Service that applies changes of customers' numbers and WhatsApp user ids. Caller holds the transaction."""

from collections.abc import Iterable, Sequence
from typing import Final

import psycopg
from django.db import IntegrityError

from conversations.incoming import MoveReport
from conversations.models import Customer, CustomerMove, Holder, KnownAs, MoveRow
from conversations.phone import key_of
from leads.models import Lead
from leads.number_changes.book import KnownCustomer, NumberChanges, identifiers_of
from leads.number_changes.plan import plan_moves
from leads.services.merge import merge_customers
from leadsite.core.transactions import ConcurrentChange

_CHANGED: Final = "A customer of this change of numbers was changed at the same moment."
_TAKEN: Final = ("customers_phone_unique", "customers_whatsapp_user_id_unique")


def move_customers(*, moves: Sequence[MoveReport]) -> None:
    """Set the present numbers and ids of customers, and record the former ones.

    A move is stored in customer_moves, so that a message from before it finds its customer however late it arrives.
    Another customer with the new identifiers who is known only since the move is the same person, whose message arrived
    before the report of the move: the two are merged. Where an identifier is another customer's, the move changes
    nothing. A repeated report is ignored: the old number may belong to another person by then.

    The number of statements does not depend on that of the moves, but for the merges, one after the other, and chains
    of stored moves, two for each further one. Locks: the customers in the order of Note [Lock order]; see
    merge_customers. Raises django.db.Error, among them ConcurrentChange: somebody else has changed these customers, and
    the caller repeats the transaction.
    """
    if not moves:
        return
    stored, holders = _read(moves)
    changes = plan_moves(moves, _locked(holders), stored)
    for source_id, target_id in changes.merges:
        merge_customers(source_id=source_id, target_id=target_id)
    _write(changes)


def _read(moves: Sequence[MoveReport]) -> tuple[list[MoveRow], set[Holder]]:
    """Return the stored moves and the customers of all identifiers that these moves name, or that those lead to.

    To the end, not up to MAX_MOVES: what is not read here the plan takes for free, and the database refuses it.
    """
    stored: list[MoveRow] = []
    holders: set[Holder] = set()
    new = {(move.user_id, one) for move in moves for one in identifiers_of(move.former) | identifiers_of(move.now)}
    seen: set[KnownAs] = set()
    while new:
        seen |= new
        rows = CustomerMove.objects.of(new)
        stored += rows
        known = Customer.objects.known_as(new)
        holders.update(known)
        led_to = {(row.user_id, one) for row in rows for one in (key_of(row.phone), row.whatsapp_user_id) if one}
        theirs = {(one.user_id, its) for one in known for its in (one.phone_key, one.whatsapp_user_id) if its}
        new = (led_to | theirs) - seen
    return stored, holders


def _locked(holders: Iterable[Holder]) -> list[KnownCustomer]:
    """Lock the customers, and return what is known of them."""
    found = set(holders)
    locked = Customer.objects.lock({one.id for one in found})
    if {Holder(one.pk, one.user_id, one.phone_key, one.whatsapp_user_id) for one in locked} != found:
        raise ConcurrentChange(_CHANGED)
    # A statement of its own: it sees what the previous holders of the locks have committed.
    origins = Lead.objects.origins_of([one.pk for one in locked])
    return [
        KnownCustomer(
            id=one.pk,
            user_id=one.user_id,
            phone=one.phone,
            whatsapp_user_id=one.whatsapp_user_id,
            identified_at=one.identified_at,
            marketing_choice_at=one.marketing_choice_at,
            first_message_at=origins[one.pk].first_message_at,
            came_otherwise=origins[one.pk].came_otherwise,
        )
        for one in locked
    ]


def _write(changes: NumberChanges) -> None:
    try:
        for rows in changes.rows:
            Customer.objects.set_identifiers(rows.values())
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name in _TAKEN:
            # By a customer who has just been created.
            raise ConcurrentChange(_CHANGED) from error
        raise
    CustomerMove.objects.remove(changes.removed)
    CustomerMove.objects.record(changes.recorded.values())
