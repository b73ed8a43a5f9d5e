"""The order of lists of conversations and of the messages of a thread."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request

from conversations.models.conversations import RECENCY
from leadsite.rest.pagination import NewestByTime, NewestFirst, read_pair


class InThreadOrder(NewestFirst):
    """Pages by a message's place in its thread."""

    ordering = "-sort_at"
    orderings: ClassVar[Mapping[str, str]] = {"-created_at": "-sort_at", "created_at": "sort_at"}
    positions: ClassVar[Mapping[str, Callable[[str], Any]]] = {"sort_at": datetime.fromisoformat}


class LatestMessageFirst(NewestByTime):
    """Pages by the time of a conversation's last message; conversations without messages come last."""

    ordering = "-recency"
    orderings: ClassVar[Mapping[str, str]] = {"-last_message_at": "-recency", **NewestByTime.orderings}
    positions: ClassVar[Mapping[str, Callable[[str], Any]]] = {**NewestByTime.positions, "recency": read_pair}

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        return super().paginate_queryset(queryset.annotate(recency=RECENCY), request, view)
