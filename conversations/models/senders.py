"""What deliveries read and write of customers: lists of senders, in a fixed number of statements.

Lists are passed to PostgreSQL as arrays, and every look-up is a LATERAL … LIMIT 1, so that an index is used whatever
the statistics say.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from conversations.customer_rows import Rows, Written, WrittenCustomer
from conversations.identification import Move, SenderIdentity, SenderLookup, StoredCustomer
from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

# OFFSET 0: one look-up for each customer. Otherwise the planner may read all active conversations into a hash table.
_KNOWN: Final = """
    SELECT here.kind, by_phone.*, by_id.*, move.*, (SELECT max(last.erased_at) FROM unnest(%s::uuid[]) AS business
        CROSS JOIN LATERAL (SELECT e.erased_at FROM erased_marks AS e WHERE e.user_id = business
                            ORDER BY e.user_id, e.erased_at DESC LIMIT 1) AS last)
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[],
                %s::timestamptz[])
        WITH ORDINALITY AS sender (user_id, provider_id, message_id, copy_token, phone_key, whatsapp_user_id, since, n)
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT m.kind FROM messages AS m
         WHERE m.user_id = sender.user_id AND m.provider_id = sender.provider_id LIMIT 1),
        (SELECT m.kind FROM messages AS m
         WHERE m.id = sender.message_id AND m.user_id = sender.user_id AND m.direction = 'out' LIMIT 1),
        (SELECT m.kind FROM messages AS m WHERE m.user_id = sender.user_id
         AND m.provider_token = sender.copy_token AND m.direction = 'out' LIMIT 1)
    ) AS kind) AS here
    LEFT JOIN LATERAL (
        SELECT c.id, c.phone, c.whatsapp_user_id, c.identified_at,
               EXISTS (SELECT FROM conversations WHERE customer_id = c.id AND status = 'active' AND deleted_at IS NULL
                       OFFSET 0)
        FROM customers AS c WHERE c.user_id = sender.user_id AND c.phone_key = sender.phone_key LIMIT 1
    ) AS by_phone ON true
    LEFT JOIN LATERAL (
        SELECT c.id, c.phone, c.whatsapp_user_id, c.identified_at,
               EXISTS (SELECT FROM conversations WHERE customer_id = c.id AND status = 'active' AND deleted_at IS NULL
                       OFFSET 0)
        FROM customers AS c WHERE c.user_id = sender.user_id AND c.whatsapp_user_id = sender.whatsapp_user_id LIMIT 1
    ) AS by_id ON true
    LEFT JOIN LATERAL (
        SELECT next.* FROM unnest(ARRAY[sender.phone_key, sender.whatsapp_user_id]) AS given (former),
        LATERAL (
            SELECT m.former, m.phone, m.whatsapp_user_id, m.moved_at FROM customer_moves AS m
            WHERE m.user_id = sender.user_id AND m.former = given.former AND m.moved_at >= sender.since
            ORDER BY m.user_id, m.former, m.moved_at LIMIT 1
        ) AS next
        ORDER BY next.moved_at, next.former LIMIT 1
    ) AS move ON true
    ORDER BY sender.n
"""
# Of two profile names the earlier one counts; COLLATE "C" orders names of the same time as Python does.
_PROFILE_NAME: Final = """CASE
            WHEN excluded.profile_name IS NULL THEN c.profile_name
            WHEN c.profile_name IS NULL THEN excluded.profile_name
            WHEN (excluded.profile_name_at, excluded.profile_name COLLATE "C") < (c.profile_name_at, c.profile_name)
            THEN excluded.profile_name ELSE c.profile_name END"""
# What a message changes of a stored customer. A profile name fills a blank name and replaces an earlier profile name; a
# name given by a person or client stays.
_CHANGES: Final = {
    "phone": "coalesce(c.phone, excluded.phone)",
    "whatsapp_user_id": "coalesce(c.whatsapp_user_id, excluded.whatsapp_user_id)",
    "name": f"CASE WHEN c.name IN ('', c.profile_name) THEN coalesce({_PROFILE_NAME}, c.name) ELSE c.name END",
    "profile_name": _PROFILE_NAME,
    "profile_name_at": "least(c.profile_name_at, excluded.profile_name_at)",
    "identified_at": "greatest(c.identified_at, excluded.identified_at)",
}
# A row that stays the same is locked only: PostgreSQL locks all rows that conflict, and then looks at WHERE. Writing
# it again would also write it to every index of the table.
_WRITE: Final = """
    INSERT INTO customers AS c (user_id, phone, whatsapp_user_id, name, profile_name, profile_name_at, identified_at)
    SELECT user_id, phone, whatsapp_user_id, coalesce(name, ''), name, name_at, identified_at
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
        AS given (user_id, phone, whatsapp_user_id, name, name_at, identified_at)
    ON CONFLICT (user_id, {identifier}) DO UPDATE SET {changes}, updated_at = now()
    WHERE ({stored}) IS DISTINCT FROM ({changed})
    RETURNING c.user_id, c.{identifier}, c.id, c.phone_key, c.whatsapp_user_id
"""
_write_by = partial(
    _WRITE.format,
    changes=", ".join(f"{column} = {changed}" for column, changed in _CHANGES.items()),
    stored=", ".join(f"c.{column}" for column in _CHANGES),
    changed=", ".join(_CHANGES.values()),
)
_WRITE_BY_PHONE: Final = _write_by(identifier="phone_key")
_WRITE_BY_ID: Final = _write_by(identifier="whatsapp_user_id")
# A separate statement, after the rows are locked: it sees what the previous holders of the locks committed.
_LOCKED: Final = """
    SELECT given.*, c.* FROM unnest(%s::uuid[], %s::text[]) AS given (user_id, identifier)
    CROSS JOIN LATERAL (
        SELECT c.id, c.phone_key, c.whatsapp_user_id FROM customers AS c
        WHERE c.user_id = given.user_id AND c.{identifier} = given.identifier LIMIT 1
    ) AS c
"""
_LOCKED_BY_PHONE: Final = _LOCKED.format(identifier="phone_key")
_LOCKED_BY_ID: Final = _LOCKED.format(identifier="whatsapp_user_id")
# Not an id that another customer has, nor where the number or the id has become another one since.
_ADD_USER_IDS: Final = """
    UPDATE customers AS c SET
        whatsapp_user_id = given.whatsapp_user_id, identified_at = greatest(c.identified_at, given.at),
        updated_at = now()
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[])
        AS given (id, user_id, phone_key, whatsapp_user_id, at)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE c.id = given.id AND c.id = ANY (%s::uuid[])
        AND c.user_id = given.user_id AND c.phone_key = given.phone_key AND c.whatsapp_user_id IS NULL
        AND NOT EXISTS (SELECT FROM customers AS other WHERE other.whatsapp_user_id = given.whatsapp_user_id
                        AND other.user_id = given.user_id OFFSET 0)
        AND NOT EXISTS (SELECT FROM customer_moves AS m WHERE m.user_id = given.user_id
                        AND m.former IN (given.phone_key, given.whatsapp_user_id) AND m.moved_at >= given.at OFFSET 0)
"""

_KNOWN_COLUMNS: Final = attrgetter(
    *("user_id", "provider_id", "message_id", "copy_token", "phone_key", "whatsapp_user_id", "since")
)
_WRITTEN_COLUMNS: Final = attrgetter("user_id", "phone", "whatsapp_user_id", "name", "name_at", "identified_at")


class NewUserId(NamedTuple):
    """A WhatsApp user id that belonged to the customer's number at a time."""

    customer_id: UUID
    user_id: UUID
    phone_key: str
    whatsapp_user_id: str
    at: datetime


class SenderManager(models.Manager[M]):
    def look_up(self, identities: Sequence[SenderIdentity]) -> list[SenderLookup]:
        """Return what is stored of each message and its sender, in the order given. Locks nothing."""
        user_ids = array(sorted({identity.user_id for identity in identities}))
        parameters = [user_ids, *column_arrays(map(_KNOWN_COLUMNS, identities))]
        return [
            SenderLookup(
                row[0],
                StoredCustomer(*row[1:6]) if row[1] else None,
                StoredCustomer(*row[6:11]) if row[6] else None,
                Move(*row[11:15]) if row[11] else None,
                row[15],
            )
            for row in fetch_rows(_KNOWN, parameters)
        ]

    def write_by_phone(self, rows: Rows) -> Written:
        """Insert customers or fill their empty columns; lock them in the order given."""
        return _write(rows, _WRITE_BY_PHONE, _LOCKED_BY_PHONE)

    def write_by_id(self, rows: Rows) -> Written:
        """The same for customers without a phone."""
        return _write(rows, _WRITE_BY_ID, _LOCKED_BY_ID)

    def lock_free(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock those of the customers whom nobody has locked, and return their ids. Caller holds the transaction."""
        free = self.filter(pk__in=ids).select_for_update(skip_locked=True, no_key=True)
        return set(free.values_list("pk", flat=True))

    def add_user_ids(self, new: Sequence[NewUserId]) -> None:
        """Store the ids of customers who have none. Caller has locked the customers. Raises django.db.IntegrityError:
        customers_whatsapp_user_id_unique.
        """
        if new:
            fetch_rows(_ADD_USER_IDS, [*column_arrays(new), array(one.customer_id for one in new)])


def _write(rows: Rows, write: str, locked: str) -> Written:
    if not rows:
        return {}
    written = fetch_rows(write, column_arrays(map(_WRITTEN_COLUMNS, rows.values())))
    if len(written) < len(rows):
        written += fetch_rows(locked, column_arrays(rows.keys() - {row[:2] for row in written}))
    return {row[:2]: WrittenCustomer(*row[2:]) for row in written}
