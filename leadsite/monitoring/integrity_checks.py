"""What the self-check looks for: what constraints, locks and services make impossible, and may be there all the same,
after a restore, a bulk statement by hand with triggers off, or a fault of ours.

Each condition is about one row of a table, `t`, and finds its counterparts by index, so that the rows can be checked in
ranges of ids: integrity.py.
"""

from dataclasses import dataclass
from typing import Final

# The time of the last answer in a conversation: a message of the business that did not fail, or an answered call. Of
# one that was queued here it is not known whether it answers what arrived late.
LAST_ANSWER: Final = """(SELECT max(a.sort_at) FROM messages AS a WHERE a.conversation_id = t.id
    AND (a.direction = 'out' AND a.is_turn AND a.status <> 'failed'
        OR a.kind = 'call' AND a.direction = 'in' AND NOT a.is_turn))"""
LAST_REPORTED_ANSWER: Final = LAST_ANSWER.replace("AND (", "AND a.provider_time IS NOT NULL AND (")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`owner`: the column with the business, or NULL where the table has none. `meaning` follows a number of rows."""

    name: str
    table: str
    condition: str
    meaning: str
    advice: str
    owner: str = "t.user_id"

    @property
    def statement(self) -> str:
        """SELECT … WHERE, with two parameters: the id after which the range begins, and the last one of it."""
        condition = self.condition.replace("{last_answer}", LAST_ANSWER)
        condition = condition.replace("{last_reported_answer}", LAST_REPORTED_ANSWER)
        rows = f"SELECT t.id, {self.owner} AS owner FROM {self.table} AS t"  # noqa: S608 - our own words
        return f"{rows} WHERE t.id > %s AND t.id <= %s AND ({condition})"


_BY_HAND: Final = "Look at them in psql, and delete or correct them; the ids are examples. Find out who wrote them."
CUSTOMERS: Final = (
    Check(
        name="customer_without_business",
        table="customers",
        condition="NOT EXISTS (SELECT FROM users AS u WHERE u.id = t.user_id)",
        meaning="customers of a business that does not exist",
        advice=_BY_HAND,
    ),
    Check(
        name="doubled_customer",
        table="customers",
        condition="t.phone_key IS NOT NULL AND EXISTS (SELECT FROM customers AS o WHERE o.user_id = t.user_id"
        " AND o.phone_key = t.phone_key AND o.id < t.id)",
        meaning="customers with the number of another customer of their business",
        advice="Move their conversations to the other customer, delete them, and create customers_phone_unique again:"
        " manage.py sqlmigrate conversations 0001 has it.",
    ),
    Check(
        name="wrong_phone_key",
        table="customers",
        condition="t.phone IS NOT NULL AND t.phone_key IS DISTINCT FROM phone_key(t.phone)",
        meaning="customers that are not found by their number",
        advice="UPDATE customers SET phone_key = phone_key(phone), for these ids.",
    ),
    Check(
        name="customer_without_identity",
        table="customers",
        condition="t.phone IS NULL AND t.whatsapp_user_id IS NULL",
        meaning="customers with neither a number nor a WhatsApp user id",
        advice=_BY_HAND,
    ),
)
CONVERSATIONS: Final = (
    Check(
        name="conversation_without_customer",
        table="conversations",
        condition="NOT EXISTS (SELECT FROM customers AS c WHERE c.id = t.customer_id)",
        meaning="conversations whose customer does not exist",
        advice=_BY_HAND,
    ),
    Check(
        name="conversation_of_another_business",
        table="conversations",
        condition="EXISTS (SELECT FROM customers AS c WHERE c.id = t.customer_id AND c.user_id <> t.user_id)",
        meaning="conversations with a customer of another business",
        advice="Set their user_id to that of the customer, after you know who wrote them: staff of both may see them.",
    ),
    Check(
        name="empty_conversation",
        table="conversations",
        condition="t.created_at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM leads AS l WHERE"
        " l.conversation_id = t.id) AND NOT EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = t.id)",
        meaning="conversations with neither a lead nor a message",
        advice="Somebody deleted what belonged to them, or created them by hand. Delete them.",
    ),
    Check(
        name="doubled_active_conversation",
        table="conversations",
        condition="t.status = 'active' AND t.deleted_at IS NULL AND EXISTS (SELECT FROM conversations AS o"
        " WHERE o.customer_id = t.customer_id AND o.status = 'active' AND o.deleted_at IS NULL AND o.id < t.id)",
        meaning="active conversations beside another active one of their customer",
        advice="Complete all but one in the admin, and create the index conversations_one_active again: manage.py"
        " sqlmigrate conversations 0001 has it.",
    ),
    Check(
        name="waiting_without_message",
        table="conversations",
        condition="t.waiting_since IS NOT NULL AND (t.status <> 'active' OR NOT EXISTS (SELECT FROM messages AS m"
        " WHERE m.conversation_id = t.id AND m.direction = 'in' AND m.is_turn))",
        meaning="conversations that wait for an answer to no message, or although they are not active",
        advice="UPDATE conversations SET waiting_since = NULL, for these ids.",
    ),
    Check(
        name="waiting_although_answered",
        table="conversations",
        condition="t.waiting_since IS NOT NULL AND {last_reported_answer} > (SELECT max(m.sort_at) FROM messages AS m"
        " WHERE m.conversation_id = t.id AND m.direction = 'in' AND m.is_turn)",
        meaning="conversations that wait although the last message is an answer",
        advice="UPDATE conversations SET waiting_since = NULL, for these ids.",
    ),
    Check(
        name="not_waiting_although_unanswered",
        table="conversations",
        # Messages of another system have no number of ours: they need no answer.
        condition="t.waiting_since IS NULL AND t.status = 'active'"
        " AND EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = t.id"
        " AND m.direction = 'in' AND m.is_turn AND m.channel_id IS NOT NULL"
        " AND m.created_at > coalesce(t.handled_at, '-infinity')"
        " AND m.sort_at > coalesce({last_answer}, '-infinity'))",
        meaning="conversations that do not count as waiting although the customer wrote last",
        advice="Answer them, or set waiting_since to the time of the customer's first unanswered message.",
    ),
    Check(
        name="older_than_its_messages",
        table="conversations",
        condition="EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = t.id AND m.direction = 'in'"
        " AND m.is_turn AND m.channel_id IS NOT NULL AND m.provider_time > coalesce(t.last_message_at, '-infinity'))",
        meaning="conversations whose last message is later than they say",
        advice="UPDATE conversations SET last_message_at, last_inbound_at to the times of their last messages.",
    ),
)
MESSAGES: Final = (
    Check(
        name="message_without_conversation",
        table="messages",
        condition="NOT EXISTS (SELECT FROM conversations AS c WHERE c.id = t.conversation_id)",
        meaning="messages whose conversation does not exist",
        advice=_BY_HAND,
    ),
    Check(
        name="message_of_another_business",
        table="messages",
        condition="EXISTS (SELECT FROM conversations AS c WHERE c.id = t.conversation_id AND c.user_id <> t.user_id)",
        meaning="messages in a conversation of another business",
        advice="Set their user_id to that of the conversation, after you know who wrote them.",
    ),
    Check(
        name="stuck_send",
        table="messages",
        condition="t.status = 'sending' AND coalesce(t.leased_until, '-infinity') < now() - interval '10 minutes'",
        meaning="messages that are being sent for more than ten minutes",
        advice="Start a worker, or restart it: it makes them unknown when it sees that their lease is over.",
    ),
    Check(
        name="late_send",
        table="messages",
        condition="t.status = 'queued' AND t.due_at < now() - interval '1 hour' AND EXISTS (SELECT FROM channels AS n"
        " WHERE n.id = t.channel_id AND n.user_id = t.user_id AND n.active)",
        meaning="messages that should have been sent more than an hour ago",
        advice="Look whether a worker runs (manage.py worker --check), and whether their number is stopped.",
    ),
)
LEADS: Final = (
    Check(
        name="lead_in_deleted_conversation",
        table="leads",
        condition="t.deleted_at IS NULL AND EXISTS (SELECT FROM conversations AS c WHERE c.id = t.conversation_id"
        " AND c.deleted_at IS NOT NULL)",
        meaning="leads that are not deleted, in a conversation that is",
        advice="Delete the leads and restore them: restoring a lead brings its conversation back.",
    ),
    Check(
        name="lead_without_conversation",
        table="leads",
        condition="NOT EXISTS (SELECT FROM conversations AS c WHERE c.id = t.conversation_id)",
        meaning="leads whose conversation does not exist",
        advice=_BY_HAND,
    ),
    Check(
        name="lead_of_another_business",
        table="leads",
        condition="EXISTS (SELECT FROM conversations AS c WHERE c.id = t.conversation_id AND c.user_id <> t.user_id)",
        meaning="leads in a conversation of another business",
        advice="Set their user_id to that of the conversation, after you know who wrote them.",
    ),
    Check(
        name="doubled_external_id",
        table="leads",
        condition="t.external_id IS NOT NULL AND t.deleted_at IS NULL AND EXISTS (SELECT FROM leads AS o"
        " WHERE o.user_id = t.user_id AND o.external_id = t.external_id AND o.deleted_at IS NULL AND o.id < t.id)",
        meaning="leads with the external id of another lead",
        advice="Delete those that are the same lead twice, and create the index leads_external_id_unique again.",
    ),
)
RUNS: Final = (
    Check(
        name="import_counts",
        table="import_runs",
        condition="t.state IN ('finished', 'interrupted') AND t.read <> t.created + t.updated + t.skipped + t.failed",
        meaning="imports whose counts do not add up",
        advice="Import the file again: rows that are stored are skipped.",
    ),
    Check(
        name="stuck_import",
        table="import_runs",
        condition="t.state = 'running' AND t.updated_at < now() - interval '1 hour'",
        meaning="imports that run without having stored a row for an hour",
        advice="Start a worker: it continues those of the admin. Repeat the command of the others, with --resume.",
    ),
    Check(
        name="bulk_counts",
        table="bulk_changes",
        condition="t.state = 'finished' AND t.finished_at > now() - interval '29 days' AND t.total <>"
        " (SELECT count(*) FROM bulk_change_leads AS l WHERE l.change_id = t.id)",
        meaning="bulk changes that do not know all of their leads",
        advice="Do not undo them: leads that are missing would keep the change.",
    ),
    Check(
        name="late_event",
        table="webhook_events",
        condition="t.state = 'pending' AND t.due_at < now() - interval '1 hour' AND EXISTS (SELECT FROM"
        " webhook_endpoints AS e WHERE e.id = t.endpoint_id AND e.active)",
        meaning="events for integrators that should have been posted more than an hour ago",
        advice="Look whether a worker runs (manage.py worker --check), and whether their endpoint answers in time.",
    ),
    Check(
        name="late_delivery",
        table="webhook_deliveries",
        condition="t.state = 'failed' AND t.next_attempt_at < now() - interval '1 hour'",
        meaning="failed deliveries that should have been tried again more than an hour ago",
        advice="Look whether a worker runs (manage.py worker --check); manage.py replay_deliveries tries them now.",
        owner="NULL::uuid",
    ),
)
CHECKS: Final = (*CUSTOMERS, *CONVERSATIONS, *MESSAGES, *LEADS, *RUNS)
# Of the whole database: names of constraints and indexes that the models have and the tables have not.
MISSING_RULE: Final = "missing_constraint"
MISSING_RULE_ADVICE: Final = (
    "Create them again: manage.py sqlmigrate <app> 0001 has the statements. Rows that break them must be corrected"
    " first."
)
