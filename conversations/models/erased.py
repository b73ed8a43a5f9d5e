"""The model ErasedMark: what is kept of people who were erased."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import models

from conversations.erasing.marks import Identifier, mark_of, marks_of
from leadsite.core.arrays import array, column_arrays
from leadsite.core.models import UuidV7
from leadsite.core.statements import fetch_rows

_STORE: Final = """
    INSERT INTO erased_marks AS e (user_id, mark, erased_at)
    SELECT user_id, mark, %s FROM unnest(%s::uuid[], %s::uuid[]) AS given (user_id, mark)
    ON CONFLICT (user_id, mark) DO UPDATE SET erased_at = greatest(e.erased_at, excluded.erased_at)
"""
_FIND: Final = """
    SELECT given.n, found.erased_at
    FROM unnest(%s::integer[], %s::uuid[], %s::uuid[]) AS given (n, user_id, mark)
    CROSS JOIN LATERAL (SELECT e.erased_at FROM erased_marks AS e
                        WHERE e.user_id = given.user_id AND e.mark = given.mark LIMIT 1) AS found
"""
_NEWEST: Final = """
    SELECT max(newest.erased_at) FROM unnest(%s::uuid[]) AS business CROSS JOIN LATERAL (
        SELECT e.erased_at FROM erased_marks AS e WHERE e.user_id = business
        ORDER BY e.user_id, e.erased_at DESC LIMIT 1) AS newest
"""


class ErasedMarkManager(models.Manager["ErasedMark"]):
    def store(self, identifiers: Collection[Identifier], *, erased_at: datetime) -> None:
        """Store marks. Caller holds the transaction and has locked the customer."""
        ordered = sorted({(one.user_id, mark_of(one)) for one in identifiers})
        if ordered:
            fetch_rows(_STORE, [erased_at, array(user for user, _ in ordered), array(mark for _, mark in ordered)])

    def times(self, identifiers: Sequence[Identifier]) -> dict[Identifier, datetime]:
        """When those of the identifiers were erased that have a mark. Locks nothing."""
        distinct = list(dict.fromkeys(identifiers))
        marks = [(n, one.user_id, mark) for n, one in enumerate(distinct) for mark in marks_of(one)]
        if not marks:
            return {}
        found: dict[Identifier, datetime] = {}
        for n, erased_at in fetch_rows(_FIND, column_arrays(marks)):
            found[distinct[n]] = max(erased_at, found.get(distinct[n], erased_at))
        return found

    def newest(self, user_ids: Collection[UUID]) -> datetime | None:
        """When people of these businesses were erased last; None where nobody was. Locks nothing."""
        ((newest,),) = fetch_rows(_NEWEST, [array(user_ids)])
        return newest


class ErasedMark(models.Model):
    """An identifier of an erased person, or of one of their messages, as a keyed hash: Note [Erased people] in
    conversations/erasing/marks.py. `erased_at` is by the database's clock.
    """

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    mark = models.UUIDField()
    erased_at = models.DateTimeField()

    objects = ErasedMarkManager()

    class Meta:
        db_table = "erased_marks"
        constraints = [models.UniqueConstraint(fields=["user", "mark"], name="erased_marks_unique")]
        indexes = [
            # Read by deliveries: when a person of the business was erased last.
            models.Index(fields=["user", "-erased_at"], name="erased_marks_by_time"),
        ]

    def __str__(self) -> str:
        return str(self.mark)
