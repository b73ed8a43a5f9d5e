"""The list of chats: a page of a tab, newest message first, in one statement whatever the size of the business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils.translation import gettext

from conversations.admin.thread_labels import REACTION_GONE, tick_of
from conversations.kinds import shown_text_of_message
from leads.models import IS_OPEN
from leadsite.adminkit.values import shorten
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.inbox.access import Viewer
from leadsite.inbox.work.back import back_ids
from leadsite.inbox.work.filters import EVERYTHING, Filters
from leadsite.inbox.work.tabs import COUNT_LIMIT, COUNTED, FAILED, TABS
from leadsite.inbox.writing.failures import UNDELIVERED

PAGE: Final = 30
# How many rows that are loaded already are read again at most, when something has changed.
MOST: Final = 300

# As in the indexes: conversations.models.conversations.RECENCY.
RECENCY: Final = "coalesce(v.last_message_at, '1970-01-01 00:00:00+00'::timestamptz)"
_PAGE_IDS: Final = f"""
    SELECT v.id FROM conversations AS v
    WHERE v.user_id = %(business)s AND v.deleted_at IS NULL AND {{tab}} AND {{filters}} AND {{after}}
    ORDER BY {RECENCY} DESC, v.id DESC LIMIT %(limit)s
"""  # noqa: S608 - constant text
_AFTER: Final = f"({RECENCY}, v.id) < (%(at)s::timestamptz, %(id)s::uuid)"
_IS_BACK: Final = "_back"
# What a row shows of other tables than conversations (as v), by one look-up in an index each. Parameter: person.
BESIDE: Final = f"""
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
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, count(*) FILTER (WHERE status = 'failed') AS failed FROM (
            SELECT status FROM messages
            WHERE user_id = v.user_id AND conversation_id = v.id AND {UNDELIVERED} LIMIT {COUNT_LIMIT + 1}
        ) AS few) AS u
    LEFT JOIN LATERAL (
        SELECT min(follow_up_at) AS follow_up_at FROM leads
        WHERE conversation_id = v.id AND deleted_at IS NULL AND {IS_OPEN}
    ) AS f ON true
    LEFT JOIN LATERAL (
        SELECT true AS unseen FROM notes AS n JOIN note_mentions AS x ON x.note_id = n.id
        WHERE n.conversation_id = v.id AND x.person_id = %(person)s AND x.seen_at IS NULL LIMIT 1) AS y ON true
"""  # noqa: S608 - constant text
# A chat that somebody has never opened is unread from the
# first message that nobody has answered.
_ROWS: Final = f"""
    SELECT v.id, {RECENCY}, v.status, v.last_message_at, v.waiting_since, v.assigned_to_id,
           c.name, c.phone, c.whatsapp_user_id,
           m.direction, m.kind, m.content, m.status, m.author_id, unread.count, l.type, l.status,
           v.snoozed_until, f.follow_up_at, v.label_ids, y.unseen, u.count, u.failed
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
_MENTIONS: Final = f"""
    (SELECT count(*) FROM (
        SELECT FROM note_mentions AS x CROSS JOIN LATERAL (
            SELECT FROM notes AS n JOIN conversations AS v ON v.id = n.conversation_id
            WHERE n.id = x.note_id AND v.deleted_at IS NULL LIMIT 1) AS there
        WHERE x.person_id = %(person)s AND x.user_id = %(business)s AND x.seen_at IS NULL
        LIMIT {COUNT_LIMIT + 1}) AS few)
"""  # noqa: S608 - constant text
_COUNT: Final = f"""
    (SELECT count(*) FROM (
        SELECT FROM conversations AS v
        WHERE v.user_id = %(business)s AND v.deleted_at IS NULL AND {{}} LIMIT {COUNT_LIMIT + 1}) AS few)
"""  # noqa: S608 - constant text


class Cursor(NamedTuple):
    """The place of a chat in the list, or of a message in its chat, where the next page begins; a text in addresses.

    `is_back`: among those that have come back, before the others.
    """

    at: datetime
    id: UUID
    is_back: bool = False

    def __str__(self) -> str:
        return f"{self.at.timestamp():.6f}_{self.id}{_IS_BACK if self.is_back else ''}"


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
    snoozed_until: datetime | None
    follow_up_at: datetime | None
    label_ids: frozenset[UUID]
    mentioned: bool
    undelivered: int  # failed or unknown messages about which nobody has decided; of these
    failed: int


class Page(NamedTuple):
    rows: list[Row]
    next: Cursor | None


def read_cursor(text: str) -> Cursor | None:
    """Return the place in an address; None where it is none."""
    at, _, id_ = text.removesuffix(_IS_BACK).partition("_")
    try:
        return Cursor(datetime.fromtimestamp(float(at), UTC), UUID(id_), text.endswith(_IS_BACK))
    except (ValueError, OverflowError, OSError):
        return None


def read_page(
    viewer: Viewer, tab: str, *, after: Cursor | None = None, size: int = PAGE, filters: Filters = EVERYTHING
) -> Page:
    """Return a page of a tab; two statements, three where what has come back may be on it."""
    values: dict[str, Any] = {"business": viewer.business_id, "person": viewer.person_id, "limit": size + 1}
    values |= filters.values
    if after:
        values |= {"at": after.at, "id": after.id}
    is_first = after is None or after.is_back
    back = _read_back(values, after, filters) if tab == "waiting" and is_first else []
    values["limit"] -= len(back)
    ids = [id_ for (id_,) in fetch_rows(page_ids(tab, is_first=is_first, filters=filters), values)]
    rows = read_rows(viewer, [*(id_ for id_, _ in back), *ids][:size])
    if len(back) + len(ids) <= size or not rows:
        return Page(rows, None)
    return Page(rows, back[size - 1][1] if len(back) >= size else rows[-1].cursor)


def _read_back(values: dict[str, Any], after: Cursor | None, filters: Filters) -> list[tuple[UUID, Cursor]]:
    statement = back_ids("%(limit)s", columns="id, at, place", is_first=after is None, filters=filters)
    return [(id_, Cursor(at, place, is_back=True)) for id_, at, place in fetch_rows(statement, values)]


def page_ids(tab: str, *, is_first: bool, filters: Filters = EVERYTHING) -> str:
    """Return the statement for the ids of a page, without what has come back. Parameters: business, person, limit,
    those of the filters; at and id unless `is_first`.
    """
    after = "true" if is_first else _AFTER
    return _PAGE_IDS.format(tab=TABS[tab], filters=filters.condition, after=after)


def first_ids(tab: str, *, filters: Filters = EVERYTHING) -> str:
    """Return an SQL array of the ids of a first page: parameters as for `page_ids`."""
    ids = f"ARRAY({page_ids(tab, is_first=True, filters=filters)})"
    return f"ARRAY({back_ids('%(limit)s', filters=filters)}) || {ids}" if tab == "waiting" else ids


def read_rows(viewer: Viewer, ids: Sequence[UUID]) -> list[Row]:
    """Return these chats in the order of the ids; one statement, none without ids. They are the business's."""
    if not ids:
        return []
    return [_row(columns) for columns in fetch_rows(_ROWS, {"ids": array(ids), "person": viewer.person_id})]


def counts(viewer: Viewer) -> dict[str, int]:
    """Return how many chats the tabs but the last have, each up to COUNT_LIMIT + 1; one statement."""
    (numbers,) = fetch_rows(f"SELECT {counts_columns()}", {"business": viewer.business_id, "person": viewer.person_id})
    return dict(zip(COUNTED, numbers, strict=True))


def counts_columns() -> str:
    """Return the columns of `counts`, in the order of COUNTED, for a statement with the parameters business and
    person. Of mentions it is how many the person has not seen.
    """
    columns = {tab: _COUNT.format(TABS[tab]) for tab in COUNTED if tab not in ("mentions", "failed")}
    columns["waiting"] += f"+ cardinality(ARRAY({back_ids(str(COUNT_LIMIT + 1))}))"
    columns |= {"mentions": _MENTIONS, "failed": FAILED}
    return ", ".join(columns[tab] for tab in COUNTED)


def shown_count(count: int) -> str:
    return f"{COUNT_LIMIT}+" if count > COUNT_LIMIT else str(count)


def _row(columns: tuple[Any, ...]) -> Row:
    id_, at, status, last, waiting, assigned, name, phone, whatsapp_id, *rest = columns
    direction, kind, content, sent, author, unread, lead_type, lead_status, *work = rest
    snoozed, follow_up, labels, mentioned, undelivered, failed = work
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
        snoozed_until=snoozed,
        follow_up_at=follow_up,
        label_ids=frozenset(labels),
        mentioned=bool(mentioned),
        undelivered=undelivered,
        failed=failed,
    )


def _snippet(kind: str, content: str) -> str:
    if kind == "reaction":
        return gettext("Removed a reaction") if content in REACTION_GONE else gettext("Reacted %s") % content
    return shorten(shown_text_of_message(kind, content, None), 160)
