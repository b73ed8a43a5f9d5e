"""The model CustomerMove: which number or id of a customer became which other one. And what changes of many numbers
read and write: lists, in one statement each.

Lists are passed to PostgreSQL as arrays, and every look-up is a LATERAL, so that an index is used whatever the
statistics say.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.phone import E164_PATTERN
from leadsite.core.arrays import array, column_arrays
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)
# (user_id, phone key or WhatsApp user id).
KnownAs = tuple[UUID, str]


class MoveRow(NamedTuple):
    """A row of customer_moves. The first three columns identify it."""

    user_id: UUID
    former: str
    moved_at: datetime
    phone: str | None
    whatsapp_user_id: str | None


class Holder(NamedTuple):
    """A customer by its identifiers."""

    id: UUID
    user_id: UUID
    phone_key: str | None
    whatsapp_user_id: str | None


class IdentifiersRow(NamedTuple):
    """A customer's identifiers, and when a message last had both, or the time of a later move."""

    id: UUID
    phone: str | None
    whatsapp_user_id: str | None
    identified_at: datetime | None


_MOVES_OF: Final = """
    SELECT m.user_id, m.former, m.moved_at, m.phone, m.whatsapp_user_id
    FROM unnest(%s::uuid[], %s::text[]) AS given (user_id, former)
    CROSS JOIN LATERAL (SELECT * FROM customer_moves AS m
                        WHERE m.user_id = given.user_id AND m.former = given.former OFFSET 0) AS m
"""
# A move that is stored keeps what it says: empty columns are filled.
_RECORD: Final = """
    INSERT INTO customer_moves AS m (user_id, former, moved_at, phone, whatsapp_user_id)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::text[])
    ON CONFLICT (user_id, former, moved_at) DO UPDATE SET
        phone = coalesce(m.phone, excluded.phone),
        whatsapp_user_id = coalesce(m.whatsapp_user_id, excluded.whatsapp_user_id)
"""
_REMOVE: Final = """
    DELETE FROM customer_moves AS m USING unnest(%s::uuid[], %s::text[], %s::timestamptz[])
        AS given (user_id, former, moved_at)
    WHERE m.user_id = given.user_id AND m.former = given.former AND m.moved_at = given.moved_at
"""
_KNOWN_AS: Final = """
    SELECT DISTINCT c.* FROM unnest(%s::uuid[], %s::text[]) AS given (user_id, identifier)
    CROSS JOIN LATERAL (
        (SELECT k.id, k.user_id, k.phone_key, k.whatsapp_user_id FROM customers AS k
         WHERE k.user_id = given.user_id AND k.phone_key = given.identifier LIMIT 1)
        UNION ALL
        (SELECT k.id, k.user_id, k.phone_key, k.whatsapp_user_id FROM customers AS k
         WHERE k.user_id = given.user_id AND k.whatsapp_user_id = given.identifier LIMIT 1)
    ) AS c
"""
_IDENTIFY: Final = """
    UPDATE customers AS c SET
        phone = given.phone, whatsapp_user_id = given.whatsapp_user_id, identified_at = given.identified_at,
        updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[])
        AS given (id, phone, whatsapp_user_id, identified_at)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE c.id = given.id AND c.id = ANY (%s::uuid[])
"""


class IdentifierManager(models.Manager[M]):
    """The part of Customer.objects by which customers get other numbers and ids."""

    def known_as(self, identifiers: Collection[KnownAs]) -> list[Holder]:
        """Return the customers who have one of these phone keys or ids. Locks nothing."""
        return [Holder(*row) for row in fetch_rows(_KNOWN_AS, column_arrays(identifiers))] if identifiers else []

    def set_identifiers(self, rows: Collection[IdentifiersRow]) -> None:
        """Replace the identifiers of customers. Caller holds the transaction and has locked the customers.

        None of them may get what another of them gives up: that is a second call. Raises django.db.IntegrityError:
        customers_phone_unique, customers_whatsapp_user_id_unique.
        """
        if rows:
            fetch_rows(_IDENTIFY, [*column_arrays(rows), array(row.id for row in rows)])


class CustomerMoveManager(models.Manager["CustomerMove"]):
    """Reads and writes lists of moves."""

    def of(self, identifiers: Collection[KnownAs]) -> list[MoveRow]:
        """Return all moves of these phone keys or ids."""
        return [MoveRow(*row) for row in fetch_rows(_MOVES_OF, column_arrays(identifiers))] if identifiers else []

    def record(self, rows: Collection[MoveRow]) -> None:
        """Insert moves, or fill the empty columns of stored ones. Caller holds the transaction."""
        if rows:
            fetch_rows(_RECORD, column_arrays(rows))

    def remove(self, keys: Iterable[tuple[UUID, str, datetime]]) -> None:
        """Delete moves: by business, former identifier and time. Caller holds the transaction."""
        keys = list(keys)
        if keys:
            fetch_rows(_REMOVE, column_arrays(keys))


class CustomerMove(OwnedModel):
    """A customer who wrote as `former` until `moved_at` writes as `phone` or `whatsapp_user_id` from then on.

    Kept so that a message written before the move, which may arrive a week late, still finds the customer.
    """

    former = models.CharField(help_text=_("Phone key or WhatsApp user id."))
    phone = models.CharField(null=True, blank=True)
    whatsapp_user_id = models.CharField(_("WhatsApp user id"), null=True, blank=True)
    moved_at = models.DateTimeField()

    objects = CustomerMoveManager()

    class Meta:
        db_table = "customer_moves"
        constraints = [
            models.UniqueConstraint(fields=["user", "former", "moved_at"], name="customer_moves_unique"),
            models.CheckConstraint(
                condition=Q(phone__isnull=False) | Q(whatsapp_user_id__isnull=False), name="customer_moves_identified"
            ),
            models.CheckConstraint(condition=Q(phone__regex=f"^{E164_PATTERN}$"), name="customer_moves_phone_e164"),
        ]

    def __str__(self) -> str:
        return f"{self.former} is {self.phone or self.whatsapp_user_id}"
