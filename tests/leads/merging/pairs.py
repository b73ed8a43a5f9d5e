"""Two customers to be merged, and all rows of the tables that a merge changes."""

import json

from django.db import connection

from conversations.models import Conversation, Customer, Message
from leads.merging.services import merge

TABLES = ("customers", "conversations", "leads", "messages", "customer_moves", "import_changes")
MOVING = {"updated_at", "version", "waiting_since"}


def customer_of(lead):
    return Customer.objects.get(conversations__leads=lead.lead_id)


def message(conversation_id, **fields):
    values = {"direction": "in", "status": "received", "content": "Hi", "address": ""}
    user_id = Conversation.all_objects.get(pk=conversation_id).user_id
    return Message.objects.create(user_id=user_id, conversation_id=conversation_id, **values | fields)


def dump():
    """Each row of each table without what each write changes."""
    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY id")
            rows[table] = [
                {name: value for name, value in json.loads(row).items() if name not in MOVING}
                for (row,) in cursor.fetchall()
            ]
    return rows


def make_one(owner, source, target):
    return merge(user_id=owner.id, source_id=source.pk, target_id=target.pk, person_id=owner.id)
