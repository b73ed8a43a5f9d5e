"""Cursor pagination, newest first."""

from typing import Any, Final
from uuid import UUID

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

ORDERINGS: Final = ("-created_at", "created_at")


class NewestFirst(CursorPagination):
    """Pages by id, a UUID version 7: unique and in the order of creation; a deep page costs as much as the first."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The order of the query parameter `ordering`. Raises ValidationError."""
        asked = request.query_params.get("ordering", ORDERINGS[0])
        if asked not in ORDERINGS:
            raise ValidationError({"ordering": [f"Must be one of {', '.join(ORDERINGS)}."]})
        return ("-id",) if asked == ORDERINGS[0] else ("id",)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                UUID(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise ValidationError({"cursor": ["This is not a valid cursor. Start without one."]}) from error
        return cursor
