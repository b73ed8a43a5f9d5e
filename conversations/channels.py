"""The business's numbers as messages name them. Their rows belong to an app above, which registers how to read them."""

from collections.abc import Callable
from typing import Any, Final

from django.db.models import JSONField, QuerySet, Subquery, Value

from conversations.models import Message

_registered: Final[list[Callable[[], "Subquery[Any]"]]] = []


def register_channels(summary: Callable[[], "Subquery[Any]"]) -> None:
    """Register a function that returns the expression for a message's number.

    Its value is {id, display_number, name, provider}, or null.
    """
    _registered[:] = [summary]


def with_channel(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Annotate each message with `channel`: the number by which it came in or goes out, or None."""
    return messages.annotate(channel=_registered[0]() if _registered else Value(None, JSONField()))


def channel_of(message: Message) -> dict[str, Any] | None:
    """Return the annotation of a message that was read with with_channel."""
    return getattr(message, "channel", None)
