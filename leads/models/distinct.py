"""The model DistinctPair: two customers of whom somebody has said that they are not the same person."""

import json
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer
from leadsite.core.arrays import array
from leadsite.core.models import OwnedModel, person_key
from leadsite.core.statements import fetch_rows

_SAID: Final = """
    SELECT p.first_id, p.second_id FROM distinct_pairs AS p
    JOIN unnest(%s::uuid[], %s::uuid[]) AS given (first_id, second_id) USING (first_id, second_id)
    WHERE p.user_id = %s
"""
# Deleted and inserted, not updated: where the other customer of a pair is merged at the same moment, this statement
# waits for the row and goes on from what it has become, and a pair that is there already is left as it is.
_MOVE: Final = """
    WITH moved AS (
        DELETE FROM distinct_pairs WHERE user_id = %(user)s AND (first_id = %(source)s OR second_id = %(source)s)
        RETURNING *, CASE WHEN first_id = %(source)s THEN second_id ELSE first_id END AS other_id
    )
    INSERT INTO distinct_pairs (id, user_id, first_id, second_id, person_id, created_at, updated_at)
    SELECT id, user_id, least(other_id, %(target)s), greatest(other_id, %(target)s), person_id, created_at, now()
    FROM moved WHERE other_id <> %(target)s
    ON CONFLICT ON CONSTRAINT distinct_pairs_once DO NOTHING
    RETURNING id
"""
# For the undo of a merge. A pair that somebody has taken back since is not there; of what the merge removed, a pair
# comes back if its customers are there.
_MOVE_BACK: Final = """
    WITH moved AS (
        DELETE FROM distinct_pairs
        WHERE id = ANY (%(ids)s::uuid[]) AND (first_id = %(target)s OR second_id = %(target)s)
        RETURNING *, CASE WHEN first_id = %(target)s THEN second_id ELSE first_id END AS other_id
    ), removed AS (
        SELECT *, CASE WHEN first_id = %(former)s THEN second_id ELSE first_id END AS other_id
        FROM jsonb_populate_recordset(NULL::distinct_pairs, %(removed)s::jsonb)
    ), all_pairs AS (
        SELECT id, user_id, person_id, created_at, other_id FROM moved
        UNION ALL
        SELECT id, user_id, person_id, created_at, other_id FROM removed
        WHERE EXISTS (SELECT FROM customers AS c WHERE c.id = other_id FOR KEY SHARE)
    )
    INSERT INTO distinct_pairs (id, user_id, first_id, second_id, person_id, created_at, updated_at)
    SELECT id, user_id, least(other_id, %(source)s), greatest(other_id, %(source)s),
        (SELECT u.id FROM users AS u WHERE u.id = person_id), created_at, now()
    FROM all_pairs WHERE other_id <> %(source)s
    ON CONFLICT ON CONSTRAINT distinct_pairs_once DO NOTHING
    RETURNING id
"""


def ordered(one_id: UUID, other_id: UUID) -> tuple[UUID, UUID]:
    """A pair as it is stored, the lower id first."""
    return min(one_id, other_id), max(one_id, other_id)


class DistinctPairManager(models.Manager["DistinctPair"]):
    def of(self, customer: Customer) -> models.QuerySet["DistinctPair"]:
        """The pairs that a customer is one of, the newest first."""
        return self.filter(Q(first=customer) | Q(second=customer)).order_by("-pk")

    def among(self, pairs: Collection[tuple[UUID, UUID]], *, user_id: UUID) -> set[tuple[UUID, UUID]]:
        """Return those of the pairs, as `ordered` gives them, of which it has been said. One statement."""
        if not pairs:
            return set()
        firsts, seconds = zip(*pairs, strict=True)
        return {(first, second) for first, second in fetch_rows(_SAID, [array(firsts), array(seconds), user_id])}

    def say(self, one: Customer, other: Customer, *, person_id: UUID | None) -> bool:
        """Store a pair, whichever is named first; return whether it is new. Caller has locked both."""
        first_id, second_id = ordered(one.pk, other.pk)
        values = {"user_id": one.user_id, "person_id": person_id}
        return self.get_or_create(first_id=first_id, second_id=second_id, defaults=values)[1]

    def move(self, *, user_id: UUID, source_id: UUID, target_id: UUID) -> list[UUID]:
        """Who is not the source is not the target: return the ids of these pairs.

        That of the two themselves is deleted, and what there is twice then. Caller has locked both.
        """
        rows = fetch_rows(_MOVE, {"user": user_id, "source": source_id, "target": target_id})
        return [row[0] for row in rows]

    def move_back(self, moved: dict[str, Any], *, source_id: UUID, target_id: UUID) -> None:
        """Undo `move`. `moved`: what leads/merging/memory.py remembers of it. Caller has locked the customers."""
        remembered = {"removed": json.dumps(moved["removed"]), "former": UUID(moved["source_id"])}
        fetch_rows(_MOVE_BACK, remembered | {"ids": array(moved["ids"]), "source": source_id, "target": target_id})


class DistinctPair(OwnedModel):
    """Two customers who are not the same person, as somebody has said: they are not offered as possible duplicates.

    The lower id is the first one, so that a pair exists once. Deleted with either customer; where one is merged into
    another customer, the pair is that one's.
    """

    first = models.ForeignKey(Customer, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    second = models.ForeignKey(Customer, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    person = person_key(verbose_name=_("by"))

    objects = DistinctPairManager()

    class Meta:
        db_table = "distinct_pairs"
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="distinct_pairs_owner_unique"),
            # Read by the list of possible duplicates, the page of a customer and the foreign key.
            models.UniqueConstraint(fields=["first", "second"], name="distinct_pairs_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="distinct_pairs_ordered"),
        ]
        indexes = [
            # Read by the page of a customer, and by the foreign key when one is erased.
            models.Index(fields=["second", "first"], name="distinct_pairs_by_second"),
        ]

    def other_id(self, customer_id: UUID) -> UUID:
        return self.second_id if self.first_id == customer_id else self.first_id
