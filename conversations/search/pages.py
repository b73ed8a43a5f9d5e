"""Reads the rows that a search finds, page by page, with bounded work for frequent words and for rare ones.

A page is looked for among the newest rows first: a word that many rows have fills it there at once, while an index of
words would have to name every one of them. Only a page that is not filled is read by those indexes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import and_, or_
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThanOrEqual, TupleLessThanOrEqual

from conversations.search.queries import customers_with, read_term, texts_with
from leadsite.core.statements import IsAnyOf

# How many of the newest rows are looked at; the second, if what the first have lets expect that it is enough.
_DEPTHS: Final = (2_000, 20_000)
# At least so many rows are asked for of each branch. PostgreSQL takes matching rows as spread evenly, and for few rows
# it would read the table in its order, however far away they are.
_READ_AHEAD: Final = 2_000
# How many words are searched by index; the others are conditions on the rows that have these.
_WORDS_BY_INDEX: Final = 3
# For `custom_plans`. The rows of a page are few, and so are those among which they are looked for: a join that reads a
# whole table takes a hundred times as long, but is what PostgreSQL plans where it expects that nothing matches.
SEARCH_PLANS: Final = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
# Orders that have an index in which the newest rows come first.
_IDS: Final = ("pk", "id")
_ORDERS: Final = frozenset({("pk",), ("id",), ("created_at", "pk"), ("created_at", "id")})
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class FoundPages(Generic[Row]):
    """The rows that a search finds, read page by page like one query.

    `rows`: among which; `matching`: those that match, by one condition over several tables; `branches`: the queries
    whose union they are, each of which can be answered by indexes.
    """

    rows: QuerySet[Row]
    matching: QuerySet[Row]
    branches: Sequence[QuerySet[Row]]

    def order_by(self, *fields: Any) -> "FoundPages[Row]":
        each = (self.rows, self.matching, *self.branches)
        rows, matching, *branches = (query.order_by(*fields) for query in each)
        return FoundPages(rows, matching, branches)

    def filter(self, *tests: Any, **conditions: Any) -> "FoundPages[Row]":
        each = (self.rows, self.matching, *self.branches)
        rows, matching, *branches = (query.filter(*tests, **conditions) for query in each)
        return FoundPages(rows, matching, branches)

    def all(self) -> QuerySet[Row]:
        """Return one query for all rows that are found."""
        return self.rows.filter(pk__in=_union_of(["pk"], (branch.order_by() for branch in self.branches)))

    def count(self, limit: int) -> int:
        """Return the number of rows, at most `limit`."""
        return len(self.ids(limit))

    def ids(self, limit: int) -> list[UUID]:
        """Return the ids of up to `limit` rows, not in their order."""
        pages = self.order_by("-pk")
        newest = pages._among_the_newest(pages.matching.values_list("pk", flat=True), limit)
        if newest is not None:
            return newest
        # Without an order. Each row may be in several branches.
        bounded = (branch.order_by()[:limit] for branch in self.branches)
        return [row["pk"] for row in _union_of(["pk"], bounded)[:limit]]

    def of(self, ids: Iterable[UUID]) -> QuerySet[Row]:
        """Return a query for these of the rows, which needs no search."""
        return self.rows.filter(IsAnyOf("pk", ids))

    def __getitem__(self, span: slice) -> list[Row]:
        if self._columns not in _ORDERS:
            limited = (branch[: span.stop] for branch in self.branches)
            return list(self.rows.filter(pk__in=_union_of(["pk"], limited))[span])
        newest = self._among_the_newest(self.matching, span.stop)
        if newest is not None:
            return newest[span]
        return list(self.rows.filter(pk__in=[key[-1] for key in self._keys(span.stop)[span]]))

    @property
    def _order(self) -> list[str]:
        """The order without what comes after the id, which decides alone: Django's lists name theirs twice. Empty where
        it has an expression.
        """
        order: list[str] = []
        for column in self.rows.query.order_by:
            if not isinstance(column, str):
                return []
            order.append(column)
            if column.removeprefix("-") in _IDS:
                break
        return order

    @property
    def _columns(self) -> tuple[str, ...]:
        """The columns of the order, if all are in the same direction."""
        same = len({column.startswith("-") for column in self._order}) == 1
        return tuple(column.removeprefix("-") for column in self._order) if same else ()

    @property
    def _descending(self) -> bool:
        return self._order[0].startswith("-")

    def _among_the_newest(self, matching: QuerySet[Row, Any], wanted: int) -> list[Any] | None:
        """Return the first `wanted` rows that match; None if they are not all among the first rows."""
        keys = self.rows.values_list(*self._columns)
        for depth in _DEPTHS:
            last = next(iter(keys[depth - 1 : depth]), None)
            found = list((matching if last is None else self._until(matching, last))[:wanted])
            if last is None or len(found) == wanted:
                return found
            if len(found) * _DEPTHS[-1] < wanted * depth:
                break
        return None

    def _keys(self, wanted: int) -> list[tuple[Any, ...]]:
        """Return the columns of the order, the last of which is the id, of the first `wanted` rows of all branches.

        What the first branch finds bounds the others.
        """
        read = max(wanted, _READ_AHEAD)
        first, *others = self.branches
        found = list(first.values_list(*self._columns)[:read])[:wanted]
        if len(found) == wanted:
            others = [self._until(branch, found[-1]) for branch in others]
        if not others:
            return sorted(set(found), reverse=self._descending)
        more = _union_of(self._columns, (branch[:read] for branch in others))
        if len(others) > 1:  # a single branch has its order
            more = more.order_by(*self._order)
        found += [tuple(row[column] for column in self._columns) for row in more[:wanted]]
        return sorted(set(found), reverse=self._descending)[:wanted]

    def _until(self, rows: QuerySet[Row, Any], last: tuple[Any, ...]) -> QuerySet[Row, Any]:
        """Return the rows that are not after this one. A comparison of rows is what PostgreSQL finds in an index."""
        compare = TupleGreaterThanOrEqual if self._descending else TupleLessThanOrEqual
        return rows.filter(compare(Tuple(*map(F, self._columns)), last))


def search(
    rows: QuerySet[Row], term: str, *, customer: str, text: str | None = None, exact: Sequence[str] = ()
) -> FoundPages[Row]:
    """Return the rows that match the term.

    `customer`: the lookup prefix to the customer; `text`: the column of the row's own words; `exact`: columns of ids,
    which are found as a whole. Raises TooManyWords.
    """
    # The longest word is probably in the fewest rows.
    parts = sorted(read_term(term), key=lambda part: -max(map(len, part.words)))
    sides: list[list[Q]] = [[customers_with(part, customer)] for part in parts]
    if text is not None:
        sides = [[texts_with(part, text), *side] for part, side in zip(parts, sides, strict=True)]
    anywhere = [reduce(or_, side) for side in sides]
    others = anywhere[_WORDS_BY_INDEX:]
    found = [rows.filter(*chosen, *others) for chosen in product(*sides[:_WORDS_BY_INDEX])] if parts else []
    ids = [Q(**{column: term.strip()}) for column in exact]
    matching = reduce(or_, [*([reduce(and_, anywhere)] if parts else []), *ids], Q(pk__in=[]))
    found += [rows.filter(condition) for condition in ids]
    return FoundPages(rows, rows.filter(matching), found or [rows.none()])


def _union_of(columns: Sequence[str], branches: Iterable[QuerySet[Any]]) -> QuerySet[Any, Any]:
    """Return a query for these columns of the rows of all branches."""
    first, *others = [branch.values(*columns) for branch in branches]
    return first.union(*others)
