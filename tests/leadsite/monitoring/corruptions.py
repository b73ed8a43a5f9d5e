"""What cannot happen, done to a database whose triggers and foreign keys are off: each with the check that finds it."""

from typing import Final

from django.db import connection

from leads.models import ImportRun
from leads.services.create import create_lead
from leads.services.rules import NewLead
from tests.factories import Business

PHONE: Final = "+4915112345678"

# The check, the statements. `%(mine)s` and `%(other)s` are the businesses; each has a customer with a lead.
CORRUPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "customer_without_business": ("UPDATE customers SET user_id = gen_random_uuid() WHERE user_id = %(mine)s",),
    "doubled_customer": (
        "ALTER TABLE customers DROP CONSTRAINT IF EXISTS customers_phone_unique",
        "INSERT INTO customers (user_id, phone, name) SELECT user_id, phone, name FROM customers"
        " WHERE user_id = %(mine)s",
    ),
    "conversation_without_customer": ("DELETE FROM customers WHERE user_id = %(mine)s",),
    "conversation_of_another_business": ("UPDATE conversations SET user_id = %(other)s WHERE user_id = %(mine)s",),
    "doubled_active_conversation": (
        "DROP INDEX conversations_one_active",
        "INSERT INTO conversations (user_id, customer_id, status) SELECT user_id, customer_id, 'active'"
        " FROM conversations WHERE user_id = %(mine)s",
    ),
    "waiting_without_message": ("UPDATE conversations SET waiting_since = now() WHERE user_id = %(mine)s",),
    "waiting_although_answered": (
        "INSERT INTO messages"
        " (user_id, conversation_id, direction, status, content, provider_id, provider_time, sort_at)"
        " SELECT user_id, id, d, s, 'x', 'wamid.' || d, now() + i, now() + i FROM conversations, (VALUES"
        " ('in', 'received', interval '1 s'), ('out', 'sent', interval '2 s')) AS v (d, s, i) WHERE user_id = %(mine)s",
        "UPDATE conversations SET waiting_since = now(), last_message_at = now() + interval '1 h'"
        " WHERE user_id = %(mine)s",
    ),
    "not_waiting_although_unanswered": (
        "INSERT INTO messages (user_id, conversation_id, channel_id, direction, status, content, provider_time)"
        " SELECT user_id, id, gen_random_uuid(), 'in', 'received', 'x', now() FROM conversations"
        " WHERE user_id = %(mine)s",
        "UPDATE conversations SET last_message_at = now() WHERE user_id = %(mine)s",
    ),
    "older_than_its_messages": (
        "INSERT INTO messages (user_id, conversation_id, channel_id, direction, status, content, provider_time)"
        " SELECT user_id, id, gen_random_uuid(), 'in', 'received', 'x', now() FROM conversations"
        " WHERE user_id = %(mine)s",
        "UPDATE conversations SET waiting_since = now() WHERE user_id = %(mine)s",
    ),
    "message_without_conversation": (
        "INSERT INTO messages (user_id, conversation_id, direction, status, content)"
        " VALUES (%(mine)s, gen_random_uuid(), 'out', 'sent', 'x')",
    ),
    "message_of_another_business": (
        "INSERT INTO messages (user_id, conversation_id, direction, status, content)"
        " SELECT %(other)s, id, 'out', 'sent', 'x' FROM conversations WHERE user_id = %(mine)s",
    ),
    "stuck_send": (
        "INSERT INTO messages (user_id, conversation_id, direction, status, content, leased_until, due_at)"
        " SELECT user_id, id, 'out', 'sending', 'x', now() - interval '1 h', now() FROM conversations"
        " WHERE user_id = %(mine)s",
    ),
    "lead_without_conversation": ("UPDATE leads SET conversation_id = gen_random_uuid() WHERE user_id = %(mine)s",),
    "lead_of_another_business": ("UPDATE leads SET user_id = %(other)s WHERE user_id = %(mine)s",),
    "doubled_external_id": (
        "DROP INDEX leads_external_id_unique",
        "INSERT INTO leads (user_id, conversation_id, type, source, external_id, details)"
        " SELECT user_id, conversation_id, type, source, 'A-1', '' FROM leads, generate_series(1, 2)"
        " WHERE user_id = %(mine)s",
    ),
    "import_counts": ("ALTER TABLE import_runs DROP CONSTRAINT import_runs_adds_up",),
    "empty_conversation": (
        "DELETE FROM leads WHERE user_id = %(mine)s",
        "UPDATE conversations SET created_at = now() - interval '1 day' WHERE user_id = %(mine)s",
    ),
    "missing_constraint": ("ALTER TABLE leads DROP CONSTRAINT leads_status_valid",),
}


def two_businesses(mine: Business, other: Business) -> None:
    for business in (mine, other):
        lead = NewLead(customer_phone=PHONE, customer_name="Anna", type="order")
        create_lead(user_id=business.id, lead=lead, source="api")


def corrupt(check: str, mine: Business, other: Business) -> None:
    """Caller holds a transaction, which is rolled back at the end of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in CORRUPTIONS[check]:
            cursor.execute(statement, {"mine": mine.id, "other": other.id})
    if check == "import_counts":
        ImportRun.objects.create(user=mine.user, file_name="leads.csv", state="finished", read=5, created=3)
