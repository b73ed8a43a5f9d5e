"""What people type into a search: words of a name, or a phone number in any spelling."""

import re
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

from conversations.phone import phone_key

_PHONE_LIKE: Final = re.compile(r"[+0-9()\[\]./\s\u00a0\u2010-\u2014\u2212-]+")
_MIN_DIGITS: Final = 4
Row = TypeVar("Row", bound=Model)


def sought_numbers(term: str) -> set[str]:
    """The digits of what looks like a phone number or a piece of one, also as they stand in phone_key.

    A leading 0 or 00, and the (0) that some write after the country code, are no part of the stored number.
    """
    if not _PHONE_LIKE.fullmatch(term):
        return set()
    digits = re.sub(r"[^0-9]", "", term.replace("(0)", "")).lstrip("0")
    return {digits, phone_key(f"+{digits}")[1:]} if len(digits) >= _MIN_DIGITS else set()


def customers_like(term: str, path: str = "") -> Q:
    """The customers, at the end of `path`, whom the term may mean: as the indexes customers_by_words and
    customers_by_folded_phone can find them.
    """
    sought = Q(**{f"{path}name__icontains": term})
    for number in sought_numbers(term):
        folded = Q(**{f"{path}phone_key__contains": number}) & ~Q(**{f"{path}phone_key": F(f"{path}phone")})
        sought |= Q(**{f"{path}phone__contains": number}) | folded
    return sought


class EitherOf(Generic[Row]):
    """Rows that one query finds or another, read page by page like one query.

    As one condition joined by OR over two tables, PostgreSQL would look at each row of the business in turn. Apart,
    each finds its first rows by its own best index; a page takes no more than a page from each, however deep it is.
    """

    def __init__(self, rows: QuerySet[Row], branches: Sequence[QuerySet[Row]]) -> None:
        self._rows = rows
        self._branches = branches

    def order_by(self, *fields: str) -> "EitherOf[Row]":
        return EitherOf(self._rows.order_by(*fields), [branch.order_by(*fields) for branch in self._branches])

    def filter(self, **conditions: Any) -> "EitherOf[Row]":
        return EitherOf(self._rows, [branch.filter(**conditions) for branch in self._branches])

    def __getitem__(self, span: slice) -> QuerySet[Row]:
        first, *others = [branch.values("pk")[: span.stop] for branch in self._branches]
        return self._rows.filter(pk__in=first.union(*others))[span]
