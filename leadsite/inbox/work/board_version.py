"""What the board of a business looks like now, as a short text: an open board asks for it every few seconds."""

from typing import Final

from leads.services.status_order import TRANSITIONS
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.inbox.access import Viewer
from leadsite.inbox.work.board import COUNT_LIMIT, PAGE

# Look-ups by indexes: the first cards of each column and, as far as it is shown, how many there are.
_VERSION: Final = f"""
    SELECT md5(string_agg(concat_ws(':', given.status, counted.count, cards.seen), ';' ORDER BY given.status))
    FROM unnest(%(statuses)s::text[]) AS given (status)
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM leads WHERE user_id = %(business)s AND status = given.status AND deleted_at IS NULL
            ORDER BY created_at, id LIMIT {COUNT_LIMIT + 1}) AS few) AS counted
    CROSS JOIN LATERAL (
        SELECT string_agg(concat_ws(',', l.id, l.version, l.follow_up_at <= now(), v.label_ids, c.updated_at), ' '
                          ORDER BY l.created_at DESC, l.id DESC) AS seen
        FROM (SELECT id, version, follow_up_at, conversation_id, created_at FROM leads
              WHERE user_id = %(business)s AND status = given.status AND deleted_at IS NULL
              ORDER BY created_at DESC, id DESC LIMIT {PAGE}) AS l
        JOIN conversations AS v ON v.id = l.conversation_id
        JOIN customers AS c ON c.id = v.customer_id) AS cards
"""  # noqa: S608 - constant text


def read_board_version(viewer: Viewer) -> str:
    """Return a text that changes with the first page of the board; one statement."""
    ((version,),) = fetch_rows(_VERSION, {"business": viewer.business_id, "statuses": array(TRANSITIONS)})
    return str(version)
