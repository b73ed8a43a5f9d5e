"""The list of chats: a page of a tab, newest message first, in one statement whatever the size of the business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from conversations.admin.thread_labels import REACTION_GONE, tick_of
from conversations.kinds import text_of_message
from leadsite.adminkit.values import shorten
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.inbox.access import Viewer

PAGE: Final = 30
# How many rows that are loaded already are read again at most, when something has changed.
MOST: Final = 300
# How far chats, and the unread messages of one, are counted.
COUNT_LIMIT: Final = 99

# As in the indexes: conversations.models.conversations.RECENCY.
RECENCY: Final = "coalesce(v.last_message_at, '1970-01-01 00:00:00+00'::timestamptz)"
# Each has an index in the order of the list.
TABS: Final = {
    "waiting": "v.waiting_since IS NOT NULL",
    "mine": "v.assigned_to_id = %(person)s AND v.status = 'active'",
    "unassigned": "v.assigned_to_id IS NULL AND v.last_message_at IS NOT NULL AND v.status = 'active'",
    "all": "true",
}
LABELS: Final = {"waiting": "Waiting", "mine": "Mine", "unassigned": "Unassigned", "all": "All"}

_PAGE_IDS: Final = f"""
    SELECT v.id FROM conversations AS v
    WHERE v.user_id = %(business)s AND v.deleted_at IS NULL AND {{tab}} AND {{after}}
    ORDER BY {RECENCY} DESC, v.id DESC LIMIT %({{limit}})s
"""  # noqa: S608 - constant text
_AFTER: Final = f"({RECENCY}, v.id) < (%(at)s::timestamptz, %(id)s::uuid)"
# What a row shows of other tables than conversations (as v), by one look-up in an index each. Parameter: person.
BESIDE: Final = """
    JOIN customers AS c ON c.id = v.customer_id
    LEFT JOIN LATERAL (
        SELECT id, direction, kind, left(content, 300) AS content, status, author_id FROM messages
        WHERE conversation_id = v.id ORDER BY sort_at DESC, id DESC LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (
        SELECT read_until FROM chat_reads
        WHERE conversation_id = v.id AND person_id = %(person)s LIMIT 1) AS r ON true
    LEFT JOIN LATERAL (
        SELECT type, status FROM leads WHERE conversation_id = v.id AND deleted_at IS NULL
        ORDER BY created_at DESC, id DESC LIMIT 1) AS l ON true
"""
# A chat that somebody has never opened is unread from the
# first message that nobody has answered.
_ROWS: Final = f"""
    SELECT v.id, {RECENCY}, v.status, v.last_message_at, v.waiting_since, v.assigned_to_id,
           c.name, c.phone, c.whatsapp_user_id,
           m.direction, m.kind, m.content, m.status, m.author_id, unread.count, l.type, l.status
    FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS given (id, n)
    JOIN conversations AS v ON v.id = given.id AND v.deleted_at IS NULL
    {BESIDE}
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM messages WHERE conversation_id = v.id AND direction = 'in' AND is_turn
                AND sort_at > coalesce(r.read_until, v.waiting_since - interval '1 microsecond')
            LIMIT {COUNT_LIMIT + 1}) AS few) AS unread
    ORDER BY given.n
"""  # noqa: S608 - constant text
_COUNT: Final = f"""
    (SELECT count(*) FROM (
        SELECT FROM conversations AS v
        WHERE v.user_id = %(business)s AND v.deleted_at IS NULL AND {{}} LIMIT {COUNT_LIMIT + 1}) AS few)
"""  # noqa: S608 - constant text


class Cursor(NamedTuple):
    """The place of a chat in the list, or of a message in its chat, where the next page begins; a text in addresses."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.timestamp():.6f}_{self.id}"


@dataclass(frozen=True, slots=True)
class Row:
    """A chat in the list. `snippet`: what was written last, and by whom if it was not the customer."""

    id: UUID
    cursor: Cursor
    status: str
    last_message_at: datetime | None
    waiting_since: datetime | None
    assigned_to_id: UUID | None
    customer: str
    phone: str
    snippet: str
    is_ours: bool
    tick: tuple[str, str] | None
    message_status: str
    author_id: UUID | None
    unread: int
    lead_type: str
    lead_status: str


class Page(NamedTuple):
    rows: list[Row]
    next: Cursor | None


def read_cursor(text: str) -> Cursor | None:
    """Return the place in an address; None where it is none."""
    at, _, id_ = text.partition("_")
    try:
        return Cursor(datetime.fromtimestamp(float(at), UTC), UUID(id_))
    except (ValueError, OverflowError, OSError):
        return None


def read_page(viewer: Viewer, tab: str, *, after: Cursor | None = None, size: int = PAGE) -> Page:
    """Return a page of a tab; two statements."""
    values: dict[str, Any] = {"business": viewer.business_id, "person": viewer.person_id, "limit": size + 1}
    if after:
        values |= {"at": after.at, "id": after.id}
    ids = [id_ for (id_,) in fetch_rows(page_ids(tab, is_first=after is None), values)]
    rows = read_rows(viewer, ids[:size])
    return Page(rows, rows[-1].cursor if len(ids) > size and rows else None)


def page_ids(tab: str, *, is_first: bool, limit: str = "limit") -> str:
    """Return the statement for the ids of a page. `limit`: the name of that parameter. Others: business, person; at and
    id unless `is_first`.
    """
    return _PAGE_IDS.format(tab=TABS[tab], after="true" if is_first else _AFTER, limit=limit)


def read_rows(viewer: Viewer, ids: Sequence[UUID]) -> list[Row]:
    """Return these chats in the order of the ids; one statement, none without ids. They are the business's."""
    if not ids:
        return []
    return [_row(columns) for columns in fetch_rows(_ROWS, {"ids": array(ids), "person": viewer.person_id})]


def counts(viewer: Viewer) -> dict[str, int]:
    """Return how many chats the tabs but the last have, each up to COUNT_LIMIT + 1; one statement."""
    ((waiting, mine, unassigned),) = fetch_rows(
        f"SELECT {counts_columns()}", {"business": viewer.business_id, "person": viewer.person_id}
    )
    return {"waiting": waiting, "mine": mine, "unassigned": unassigned}


def counts_columns() -> str:
    """Return the columns of `counts`, for a statement with the parameters business and person."""
    return ", ".join(_COUNT.format(TABS[tab]) for tab in ("waiting", "mine", "unassigned"))


def shown_count(count: int) -> str:
    return f"{COUNT_LIMIT}+" if count > COUNT_LIMIT else str(count)


def _row(columns: tuple[Any, ...]) -> Row:
    id_, at, status, last, waiting, assigned, name, phone, whatsapp_id, *rest = columns
    direction, kind, content, sent, author, unread, lead_type, lead_status = rest
    is_ours = direction == "out"
    return Row(
        id=id_,
        cursor=Cursor(at, id_),
        status=status,
        last_message_at=last,
        waiting_since=waiting,
        assigned_to_id=assigned,
        customer=name or phone or whatsapp_id,
        phone=phone or "",
        snippet=_snippet(kind, content) if kind else "",
        is_ours=is_ours,
        tick=tick_of(kind, sent) if is_ours else None,
        message_status=sent or "",
        author_id=author,
        unread=unread,
        lead_type=lead_type or "",
        lead_status=lead_status or "",
    )


def _snippet(kind: str, content: str) -> str:
    if kind == "reaction":
        return "Removed a reaction" if content in REACTION_GONE else f"Reacted {content}"
    return shorten(text_of_message(kind, content, None), 160)
