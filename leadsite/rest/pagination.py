"""Cursor pagination, newest first; a deep page costs as much as the first."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

Row = TypeVar("Row", bound=Model)

A_PAGE: Final = "https://leadsite.example.com/api/leads?cursor=cD0yMDI2LTExLTI0"
NEWEST_FIRST: Final = {"-created_at": "-id", "created_at": "id"}


class NewestFirst(CursorPagination):
    """Pages by id, a UUID version 7: unique and in the order of creation.

    `orderings` are the values of the query parameter `ordering` with the columns that they sort by; the first is the
    default. `positions`: how to read a cursor's position in each column.
    """

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    parameters: ClassVar[Sequence[str]] = ("cursor", "ordering", "page_size")
    orderings: ClassVar[Mapping[str, str]] = NEWEST_FIRST
    positions: ClassVar[Mapping[str, Callable[[str], Any]]] = {"id": UUID}

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The order of the query parameter `ordering`. Raises ValidationError."""
        asked = request.query_params.get("ordering", next(iter(self.orderings)))
        if asked not in self.orderings:
            raise ValidationError({"ordering": [f"Must be one of {', '.join(self.orderings)}."]})
        return (self.orderings[asked],)

    def get_page_size(self, request: Request) -> int | None:
        """Rows in a page, `max_page_size` where more are asked for. Raises ValidationError."""
        asked = request.query_params.get("page_size", str(self.page_size))
        if not re.fullmatch(r"0*[1-9][0-9]{0,8}", asked):
            raise ValidationError({"page_size": [f"Must be a number from 1 to {self.max_page_size}."]})
        return min(int(asked), self.max_page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        values = list(self.orderings)
        sizes = {"type": "integer", "minimum": 1, "default": self.page_size}
        described = {
            "cursor": ("From the URLs in `next` and `previous`: follow these rather than make it.", {"type": "string"}),
            "ordering": ("A minus: descending.", {"type": "string", "enum": values, "default": values[0]}),
            "page_size": (f"Rows in a page. More than {self.max_page_size} gives {self.max_page_size}.", sizes),
        }
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
            for name, (text, schema) in described.items()
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = {"type": ["string", "null"], "format": "uri", "example": A_PAGE}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**page, "description": "The URL of the next page; null on the last one."},
                "previous": {**page, "description": "The URL of the page before; null on the first one."},
                "results": schema,
            },
        }

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises ValidationError. Called after get_ordering."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                self.positions[self.ordering[0].removeprefix("-")](str(cursor.position))
        except (NotFound, ValueError) as error:
            raise ValidationError({"cursor": ["This is not a valid cursor. Start without one."]}) from error
        return cursor


def read_pair(position: str) -> tuple[datetime, UUID]:
    """Return the position of a row in a list ordered by a time and the id. Raises ValueError."""
    time, _, row_id = position.partition(" ")
    return datetime.fromisoformat(time), UUID(row_id)


def pair_of(time: datetime, row_id: UUID) -> str:
    """The text that read_pair reads."""
    return f"{time.isoformat()} {row_id}"


class OrderedByPair(Generic[Row]):
    """A queryset ordered by (the time `column`, id), for CursorPagination, which filters by one column only.

    The comparison of rows, not of columns with OR, is what PostgreSQL finds in an index.
    """

    def __init__(self, rows: QuerySet[Row, Any], column: str) -> None:
        self._rows = rows
        self._column = column

    def order_by(self, ordering: str) -> "OrderedByPair[Row]":
        minus = "-" if ordering.startswith("-") else ""
        return OrderedByPair(self._rows.order_by(f"{minus}{self._column}", f"{minus}id"), self._column)

    def filter(self, **condition: str) -> "OrderedByPair[Row]":
        ((lookup, position),) = condition.items()
        compare = TupleLessThan if lookup.endswith("__lt") else TupleGreaterThan
        rows = self._rows.filter(compare(Tuple(F(self._column), F("id")), read_pair(position)))
        return OrderedByPair(rows, self._column)

    def __getitem__(self, span: slice) -> QuerySet[Row, Any]:
        return self._rows[span]


class NewestByTime(NewestFirst):
    """Pages by (created_at, id): rows from another system keep their ids, and rows of a file their dates."""

    ordering = "-created_at"
    orderings: ClassVar[Mapping[str, str]] = {"-created_at": "-created_at", "created_at": "created_at"}
    positions: ClassVar[Mapping[str, Callable[[str], Any]]] = {"created_at": read_pair}

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        pages: Any = OrderedByPair(queryset, self.get_ordering(request, queryset, view)[0].removeprefix("-"))
        return super().paginate_queryset(pages, request, view)

    def _get_position_from_instance(self, instance: Any, ordering: Any) -> str:
        return pair_of(getattr(instance, ordering[0].removeprefix("-")), instance.pk)
