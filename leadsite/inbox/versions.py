"""What the inbox of a person looks like now, as a few short texts: an open page asks for them every few seconds, and
reads again only what has changed. One statement, of look-ups by indexes.
"""

import json
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from leadsite.core.statements import fetch_rows
from leadsite.inbox.access import Viewer
from leadsite.inbox.chats import BESIDE, MOST, RECENCY, counts_columns, first_ids
from leadsite.inbox.models import PRESENT, TYPING
from leadsite.inbox.work.filters import EVERYTHING, Filters
from leadsite.inbox.work.tabs import COUNT_LIMIT, COUNTED

_THREAD: Final = 50
_OLDER: Final = 2000
# A window that does not say how far down its list it shows: live.js, where the number is the same.
_ROWS: Final = 15
_LIST: Final = f"""
    (SELECT md5(string_agg(concat_ws(',', v.id, v.last_message_at, v.waiting_since, v.assigned_to_id, v.status,
                                     c.updated_at, m.id, m.status, r.read_until, l.status, l.type, v.snoozed_until,
                                     v.label_ids, f.follow_up_at, y.unseen, u.count), ';'
                           ORDER BY given.n))
     FROM unnest({{ids}}) WITH ORDINALITY AS given (id, n)
     JOIN conversations AS v ON v.id = given.id
     {BESIDE})
"""  # noqa: S608 - constant text
_CHAT: Final = f"""
    (SELECT md5(concat_ws(';', v.updated_at, v.status, v.assigned_to_id, v.waiting_since, c.updated_at,
        (SELECT string_agg(concat_ws(',', m.id, m.status, m.error, m.settled, m.files), ';') FROM (
            SELECT id, status, left(error, 50) AS error, extras ? 'settled' AS settled, CASE WHEN parts ? 'media' THEN (
                SELECT string_agg(concat(f.state, f.reason <> ''), '') FROM stored_media AS f
                WHERE f.message_id = messages.id) END AS files
            FROM messages WHERE conversation_id = v.id
            ORDER BY sort_at DESC, id DESC LIMIT {_THREAD}) AS m),
        (SELECT string_agg(concat_ws(',', l.id, l.version), ';' ORDER BY l.id) FROM leads AS l
         WHERE l.conversation_id = v.id AND l.deleted_at IS NULL),
        (SELECT string_agg(concat_ws(',', n.id, n.updated_at), ';' ORDER BY n.id) FROM notes AS n
         WHERE n.conversation_id = v.id),
        v.snoozed_until <= now(),
        (SELECT string_agg(concat_ws(',', p.person_id, p.typing_at > now() - %(typing)s), ';' ORDER BY p.person_id)
         FROM chat_presence AS p WHERE p.conversation_id = v.id AND p.person_id <> %(person)s
             AND p.seen_at > now() - %(present)s)))
     FROM conversations AS v JOIN customers AS c ON c.id = v.customer_id
     WHERE v.id = %(chat)s AND v.user_id = %(business)s AND v.deleted_at IS NULL)
"""  # noqa: S608 - constant text
# Messages in view that are older than those of _CHAT and that were changed since the page was read, with when: their
# ticks move, too. A change is written with the time at which its transaction began.
_MOVED: Final = f"""
    (SELECT json_object_agg(m.id, m.updated_at ORDER BY m.id)::text
     FROM conversations AS v, LATERAL (
        SELECT id, updated_at FROM messages WHERE conversation_id = v.id AND (sort_at, id) >= (
            SELECT sort_at, id FROM messages WHERE id = %(oldest)s AND conversation_id = v.id)
        ORDER BY sort_at DESC, id DESC OFFSET {_THREAD} LIMIT {_OLDER}) AS m
     WHERE v.id = %(chat)s AND v.user_id = %(business)s AND v.deleted_at IS NULL
         AND m.updated_at > %(read_at)s - interval '1 minute')
"""  # noqa: S608 - constant text
# The customer who wrote last, among those who wait for this person or for anybody: of the newest that wait, whether or
# not their chat stands among what has come back. As many as are counted, because colleagues' may be newer.
_ARRIVED: Final = f"""
    (SELECT json_build_array(last_inbound_at, id)::text FROM (
        SELECT v.last_inbound_at, v.id, v.assigned_to_id FROM conversations AS v
        WHERE v.user_id = %(business)s AND v.deleted_at IS NULL AND v.waiting_since IS NOT NULL
        ORDER BY {RECENCY} DESC, v.id DESC LIMIT {COUNT_LIMIT + 1}) AS newest
     WHERE assigned_to_id IS NULL OR assigned_to_id = %(person)s
     ORDER BY last_inbound_at DESC NULLS LAST LIMIT 1)
"""  # noqa: S608 - constant text
# Numbers that send nothing: the alert above the list.
_STOPPED: Final = """
    (SELECT count(*) FROM channels WHERE user_id = %(business)s AND active AND stopped_at IS NOT NULL)
"""


class Version(NamedTuple):
    """`rows`, `chat`: change with what they show. `arrived`: time and conversation of the last who wrote. `moved`: when
    older messages in view were changed, by their ids.
    """

    rows: str
    chat: str
    counts: dict[str, int]
    arrived: list[str] | None
    moved: dict[str, str]


class InView(NamedTuple):
    """What a window shows of a chat: down to which message, and when the page was read."""

    oldest: UUID
    read_at: datetime


def read_version(
    viewer: Viewer,
    *,
    tab: str,
    conversation_id: UUID | None,
    filters: Filters = EVERYTHING,
    rows_in_view: int = 0,
    in_view: InView | None = None,
) -> Version:
    """Return the version of a tab's first rows, of the counts and, where one is open, of a chat; one statement.

    `rows_in_view`: down to which row the window shows the list; at least a few and at most MOST are read.
    """
    values: dict[str, Any] = {"business": viewer.business_id, "person": viewer.person_id, "chat": conversation_id}
    values |= {"limit": min(MOST, max(_ROWS, rows_in_view)), "typing": TYPING, "present": PRESENT}
    values |= filters.values | (in_view._asdict() if in_view else {})
    statement = _statement(tab, conversation_id, filters, in_view)
    ((rows, chat, moved, arrived, stopped, *numbers),) = fetch_rows(statement, values)
    counts = dict(zip(COUNTED, numbers, strict=True)) | {"stopped": stopped}
    return Version(rows or "", chat or "", counts, json.loads(arrived or "null"), json.loads(moved or "{}"))


def _statement(tab: str, conversation_id: UUID | None, filters: Filters, in_view: InView | None) -> str:
    columns = [
        _LIST.format(ids=first_ids(tab, filters=filters)),
        _CHAT if conversation_id else "NULL",
        _MOVED if conversation_id and in_view else "NULL",
        _ARRIVED,
        _STOPPED,
        counts_columns(),
    ]
    return f"SELECT {', '.join(columns)}"
