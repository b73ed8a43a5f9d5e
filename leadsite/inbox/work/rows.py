"""What a row of the list shows of a chat."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from conversations.models import Conversation, Label
from conversations.services.labels import chosen_of
from leads.models import Lead
from leadsite.core import clock
from leadsite.inbox.access import Viewer
from leadsite.inbox.chats import Row, shown_count
from leadsite.inbox.searching import Hit
from leadsite.inbox.times import moment_words, short_time, waited


def shown_row(
    row: Row, names: Mapping[UUID, str], viewer: Viewer, labels: Mapping[UUID, Label], hit: Hit | None = None
) -> dict[str, Any]:
    """What inbox/row.html shows of a chat."""
    author = names.get(row.author_id, "") if row.author_id else ""
    return {
        "row": row,
        "hit": hit,
        "unread": shown_count(row.unread) if row.unread else "",
        "time": short_time(row.last_message_at),
        "waited": waited(row.waiting_since) if row.waiting_since else "",
        "author": gettext("You") if row.author_id in (None, viewer.person_id) else author,
        "assignee": names.get(row.assigned_to_id, "") if row.assigned_to_id else "",
        "is_mine": row.assigned_to_id == viewer.person_id,
        "labels": chosen_of(labels, row.label_ids),
        "snoozed": _snoozed(row),
        "is_back": row.snoozed_until is not None and row.snoozed_until <= clock.now(),
        "lead_words": f"{Lead.Type(row.lead_type).label} · {Lead.Status(row.lead_status).label}"
        if row.lead_status
        else "",
        "status_words": Conversation.Status(row.status).label,
        "follow_up": moment_words(row.follow_up_at) if row.follow_up_at else "",
        "to_follow_up": row.follow_up_at is not None and row.follow_up_at <= clock.now(),
    }


def _snoozed(row: Row) -> str:
    """Until when, or since when it is back."""
    if row.snoozed_until is None:
        return ""
    words = moment_words(row.snoozed_until)
    said = gettext("Back since") if row.snoozed_until <= clock.now() else gettext("Snoozed until")
    return f"{said} {words}"
