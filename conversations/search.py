"""Searches customers by a part of the name or by a phone number in any spelling."""

import re
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

from conversations.phone import phone_key, plain

_PHONE_LIKE: Final = re.compile(r"[+0-9()\[\]./\s-]+")
_TRUNK_ZERO: Final = re.compile(r"[(\[]\s*0\s*[)\]]")
_MIN_DIGITS: Final = 4
Row = TypeVar("Row", bound=Model)


def phone_fragments(term: str) -> set[str]:
    """Return the digits of a term that looks like (part of) a phone number: as in `phone`, and as in `phone_key`.

    A leading 0 or 00, and a (0) after the country code, are left out, as in stored numbers. Empty for other terms.
    """
    number = plain(term)
    if not _PHONE_LIKE.fullmatch(number):
        return set()
    digits = re.sub(r"[^0-9]", "", _TRUNK_ZERO.sub("", number)).lstrip("0")
    return {digits, phone_key(f"+{digits}")[1:]} if len(digits) >= _MIN_DIGITS else set()


def matching_customers(term: str, path: str = "") -> Q:
    """Return the condition for customers who match the term; `path` is the lookup prefix that leads to the customer.

    It is written so that the indexes customers_by_words and customers_by_folded_phone are used.
    """
    condition = Q(**{f"{path}name__icontains": term})
    for number in phone_fragments(term):
        folded = Q(**{f"{path}phone_key__contains": number}) & ~Q(**{f"{path}phone_key": F(f"{path}phone")})
        condition |= Q(**{f"{path}phone__contains": number}) | folded
    return condition


class UnionPages(Generic[Row]):
    """The union of several queries of the same rows, read page by page like one query.

    With one OR condition over two tables, PostgreSQL would read every row of the business. Separate queries each use
    their own index, and a page reads at most one page of each.
    """

    def __init__(self, rows: QuerySet[Row], branches: Sequence[QuerySet[Row]]) -> None:
        self._rows = rows
        self._branches = branches

    def order_by(self, *fields: str) -> "UnionPages[Row]":
        return UnionPages(self._rows.order_by(*fields), [branch.order_by(*fields) for branch in self._branches])

    def filter(self, **conditions: Any) -> "UnionPages[Row]":
        return UnionPages(self._rows, [branch.filter(**conditions) for branch in self._branches])

    def __getitem__(self, span: slice) -> QuerySet[Row]:
        first, *others = [branch.values("pk")[: span.stop] for branch in self._branches]
        return self._rows.filter(pk__in=first.union(*others))[span]
