"""What has come back to the top of those that wait, page by page."""

from typing import Final

from leads.models import IS_OPEN
from leadsite.inbox.work.filters import EVERYTHING, Filters
from leadsite.inbox.work.tabs import DUE

# Snoozed until now, or with a lead to follow up now: the last first. By two indexes, so that it needs no worker, and is
# there in the same second. A chat is listed once, at the latest of its times; `place` is the id of the conversation or
# lead that has it. The filters are inside, so that they leave no page without the chats that come later.
BACK: Final = f"""
    SELECT {{columns}} FROM (
        (SELECT v.id, v.snoozed_until AS at, v.id AS place FROM conversations AS v
         WHERE v.user_id = %(business)s AND v.deleted_at IS NULL AND v.snoozed_until <= now()
             AND {{after_snooze}} AND {{filters}}
             AND NOT EXISTS (SELECT FROM leads WHERE conversation_id = v.id AND {DUE}
                 AND (follow_up_at, id) > (v.snoozed_until, v.id) OFFSET 0)
         ORDER BY v.snoozed_until DESC, v.id DESC LIMIT {{limit}})
        UNION ALL
        (SELECT v.id, d.follow_up_at, d.id FROM leads AS d JOIN conversations AS v ON v.id = d.conversation_id
         WHERE v.deleted_at IS NULL AND {{filters}}
             AND (v.snoozed_until <= now() AND (v.snoozed_until, v.id) > (d.follow_up_at, d.id)) IS NOT TRUE
             AND NOT EXISTS (SELECT FROM leads WHERE conversation_id = v.id AND {DUE}
                 AND (follow_up_at, id) > (d.follow_up_at, d.id) OFFSET 0)
             AND d.user_id = %(business)s AND d.deleted_at IS NULL AND d.follow_up_at <= now()
             AND d.{IS_OPEN} AND {{after_follow_up}}
         ORDER BY d.follow_up_at DESC, d.id DESC LIMIT {{limit}})) AS back
    ORDER BY at DESC, place DESC LIMIT {{limit}}
"""  # noqa: S608 - constant text


def back_ids(limit: str, *, columns: str = "id", is_first: bool = True, filters: Filters = EVERYTHING) -> str:
    """Return the statement for a page of what has come back, of so many chats. Columns: id, and at and place, which
    is where the page after it begins. Parameters: business, person, those of the filters; at and id unless `is_first`.
    """
    return BACK.format(
        columns=columns,
        filters=filters.condition,
        after_snooze="true" if is_first else "(v.snoozed_until, v.id) < (%(at)s::timestamptz, %(id)s::uuid)",
        after_follow_up="true" if is_first else "(d.follow_up_at, d.id) < (%(at)s::timestamptz, %(id)s::uuid)",
        limit=limit,
    )
