"""Reads what later messages change of a page of a thread."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Q

from conversations.models import Conversation, Message

# The newest ones: the last text and the last reaction are what is shown.
_MOST: Final = 200


def later_changes(conversation: Conversation, rows: Iterable[Message], *, since: datetime) -> list[Message]:
    """Return the edits, deletions and reactions from a time on that name these messages, in their order; one query."""
    rows = list(rows)
    ids = [row.provider_id for row in rows if row.provider_id]
    tokens = [row.provider_token for row in rows if row.provider_token]
    named = Q(extras__target__in=ids) | Q(extras__reference_token__in=tokens)
    changes = conversation.messages.filter(named, kind__in=("edit", "revoke", "reaction"), sort_at__gte=since)
    return list(changes.order_by("-sort_at", "-pk")[:_MOST])[::-1]
