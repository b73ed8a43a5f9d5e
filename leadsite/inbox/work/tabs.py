"""Which chats are in a tab of the list, as SQL about a conversation v; parameters: business, person."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from leads.models import IS_OPEN
from leadsite.inbox.writing.failures import UNDELIVERED

# How far chats, and the unread messages of one, are counted.
COUNT_LIMIT: Final = 99
# Of so many chats with failed messages, the newest chats, the tab shows pages.
FAILED_LIMIT: Final = 1000
# Each has an index in the order of the list.
_AWAKE: Final = "coalesce(v.snoozed_until <= now(), true)"
# Of a lead: somebody wanted to get in touch again by now.
DUE: Final = f"""deleted_at IS NULL AND follow_up_at <= now() AND {IS_OPEN}"""
_MENTIONED: Final = """v.id IN (SELECT n.conversation_id FROM note_mentions AS x JOIN notes AS n ON n.id = x.note_id
    WHERE x.person_id = %(person)s AND x.user_id = %(business)s)"""
TABS: Final = {
    # Without those that have come back, which are listed before: back.py.
    "waiting": f"""v.waiting_since IS NOT NULL AND v.snoozed_until IS NULL
        AND NOT EXISTS (SELECT FROM leads WHERE conversation_id = v.id AND {DUE} OFFSET 0)""",
    "mine": f"v.assigned_to_id = %(person)s AND v.status = 'active' AND {_AWAKE}",
    "unassigned": f"""v.assigned_to_id IS NULL AND v.last_message_at IS NOT NULL AND v.status = 'active'
        AND {_AWAKE}""",
    "snoozed": "v.snoozed_until > now()",
    "mentions": _MENTIONED,
    "failed": f"""v.id = ANY (ARRAY(
        SELECT DISTINCT conversation_id FROM messages WHERE user_id = %(business)s AND {UNDELIVERED}
        ORDER BY conversation_id DESC LIMIT {FAILED_LIMIT}))""",  # noqa: S608 - constant text
    "all": "true",
}
LABELS: Final = {
    "waiting": _("Waiting"),
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "snoozed": _("Snoozed"),
    "mentions": _("Mentions"),
    "failed": _("Not sent"),
    "all": _("All"),
}
COUNTED: Final = ("waiting", "mine", "unassigned", "snoozed", "mentions", "failed")
# How many messages did not arrive, and not chats.
FAILED: Final = f"""
    (SELECT count(*) FROM (
        SELECT FROM messages AS m CROSS JOIN LATERAL (
            SELECT FROM conversations WHERE id = m.conversation_id AND deleted_at IS NULL LIMIT 1) AS v
        WHERE m.user_id = %(business)s AND {UNDELIVERED} LIMIT {COUNT_LIMIT + 1}) AS few)
"""  # noqa: S608 - constant text
