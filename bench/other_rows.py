"""Fills a business with what it has besides leads and chats: people, labels, notes, imports, deliveries and so on.

Run by bench.workplace, once for each business, after bench.filling. BENCH_USER_ID is the business, BENCH_ROWS how many
rows it gets of what piles up over the years; of what people set up it gets so many, but no more than SET_UP.
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
django.setup()

# ruff: noqa: E402 - Django's models can be imported only after setup()
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Model, UUIDField

from conversations.models import Conversation, Label, Message, Note, NoteMention
from conversations.models.labels import MOST_LABELS
from leads.models import BulkChange, ChosenLead, CustomerMerge, ImportRefusal, ImportRun, Lead
from leadsite.accounts.models import Invitation, LoginAttempt, Membership, Session, User
from leadsite.accounts.services import issue_api_key
from leadsite.core import clock
from leadsite.exports.models import Export
from leadsite.inbox.models import ChatRead, QuickReply, SavedView
from leadsite.inbox.work.views_kept import MOST_VIEWS
from leadsite.monitoring.models import FailedTransaction
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from leadsite.webhooks.services import MAX_ENDPOINTS, create_endpoint
from whatsapp.models import AccountEvent, Channel, ListedTemplate, MessageTemplate, WebhookDelivery

SET_UP: Final = 100
WABA: Final = "1000"
TEXT: Final = "lemon cake, please"
# What people have done to the chats and leads: of each `every` one is assigned, has a label, is snoozed …
_WORK: Final = """
    WITH chat AS (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM conversations
                  WHERE user_id = %(user)s AND last_message_at IS NOT NULL)
    UPDATE conversations AS c SET
        assigned_to_id = CASE WHEN n %% 3 = 0 THEN (%(people)s::uuid[])[1 + n / 3 %% cardinality(%(people)s)] END,
        label_ids = CASE WHEN n %% 5 = 0 THEN ARRAY[(%(labels)s::uuid[])[1 + n / 5 %% cardinality(%(labels)s)]]
                    ELSE '{}'::uuid[] END,
        snoozed_until = CASE WHEN n %% 50 = 7 THEN now() + interval '3 days' END
    FROM chat WHERE chat.id = c.id;
    WITH lead AS (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM leads WHERE user_id = %(user)s
                  ORDER BY id DESC LIMIT %(rows)s * 10)
    UPDATE leads AS l SET
        assigned_to_id = CASE WHEN n %% 3 = 0 THEN (%(people)s::uuid[])[1 + n / 3 %% cardinality(%(people)s)] END,
        follow_up_at = CASE WHEN n %% 10 = 1 THEN now() + (n %% 7 - 5) * interval '1 hour' END,
        deleted_at = CASE WHEN n %% 10 = 3 THEN now() - n %% 20 * interval '1 day' END,
        deleted_by_id = CASE WHEN n %% 10 = 3 THEN %(user)s::uuid END
    FROM lead WHERE lead.id = l.id;
    UPDATE messages AS m SET status = CASE WHEN n %% 2 = 0 THEN 'failed' ELSE 'unknown' END, error = 'not delivered'
    FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM messages
          WHERE user_id = %(user)s AND direction = 'out' ORDER BY id DESC LIMIT %(rows)s) AS said
    WHERE said.id = m.id AND n %% 10 = 0;
    INSERT INTO customers (user_id, name, whatsapp_user_id)
    SELECT user_id, name, 'DE.' || n FROM (
        SELECT user_id, name, row_number() OVER (ORDER BY id DESC) AS n FROM customers
        WHERE user_id = %(user)s ORDER BY id DESC LIMIT %(rows)s) AS same
"""
_CHANGES: Final = """
    INSERT INTO audit_entries (table_name, action, actor_kind, actor_id, actor_name, request_id, row_id, user_id,
                               before, after)
    SELECT %(table)s, 'update', 'person', %(user)s::text, 'Amina', '', %(row)s, %(user)s,
           '{"status": "new"}', '{"status": "contacted"}'
    FROM generate_series(1, %(count)s)
"""


def main() -> None:
    user, rows = User.objects.get(pk=os.environ["BENCH_USER_ID"]), int(os.environ["BENCH_ROWS"])
    with connection.cursor() as cursor:
        # As rows that were there before the audit.
        cursor.execute("SET session_replication_role = replica; SET statement_timeout = 0")
        with transaction.atomic():
            people, labels = set_up(user, min(rows, SET_UP))
            values: dict[str, Any] = {"user": user.pk, "people": people, "labels": labels, "rows": rows}
            for statement in _WORK.split(";"):
                cursor.execute(statement, values)
            pile_up(user, rows, clock.now())
            make_busy_chat(user, min(rows, SET_UP))
        cursor.execute("VACUUM ANALYZE")


def make(model: type[Model], rows: Iterable[dict[str, Any]]) -> list[Any]:
    made = [model(**row) for row in rows]
    if isinstance(model._meta.pk, UUIDField):
        # bulk_create does not read the ids that are defaults of the database.
        with connection.cursor() as cursor:
            cursor.execute("SELECT uuid_v7() FROM generate_series(1, %s)", [len(made)])
            for row, (key,) in zip(made, cursor.fetchall(), strict=True):
                row.pk = key
    return list(model._default_manager.bulk_create(made, batch_size=1000))


def set_up(user: User, count: int) -> tuple[list[Any], list[Any]]:
    """What people set up; return the people and the labels."""
    numbers, own = range(count), {"user": user}
    domain = user.email.partition("@")[0] + ".example"
    made = make(User, ({"email": f"p{n}@{domain}", "name": f"Person {n}", "is_staff": True} for n in numbers))
    make(Membership, ({"person": person, "business": user, "role": "agent"} for person in made))
    expires = clock.now() + timedelta(days=7)
    make(
        Invitation,
        ({"business": user, "email": f"i{n}@{domain}", "nonce": f"{n}", "expires_at": expires} for n in numbers),
    )
    make(Group, ({"name": f"Group {n} of {domain}"} for n in numbers))
    labels = make(Label, (own | {"name": f"Label {n}"} for n in range(min(count, MOST_LABELS))))
    make(QuickReply, (own | {"shortcut": f"reply{n}", "text": TEXT} for n in numbers))
    views = range(min(count, MOST_VIEWS))
    make(SavedView, (own | {"person": user, "name": f"View {n}", "filters": {"status": "new"}} for n in views))
    first = Channel.objects.filter(user=user).latest("pk")
    Channel.objects.filter(user=user).update(waba_id=WABA)
    make(
        Channel,
        (own | {"phone_number_id": f"{first.phone_number_id}{n}", "waba_id": WABA} for n in range(1, count)),
    )
    body = [{"type": "BODY", "text": TEXT}]
    kinds: dict[str, Any] = {"language": "de", "category": "utility", "status": "approved", "components": body}
    templates = [ListedTemplate(name=f"template_{n}", provider_id=f"{n}", **kinds) for n in numbers]
    MessageTemplate.objects.store(user_id=user.pk, waba_id=WABA, templates=templates, listed_at=clock.now())
    for n in range(min(count, MAX_ENDPOINTS)):
        create_endpoint(user_id=user.pk, url=f"https://hooks.invalid/{n}", events=["lead.created"])
    for n in numbers:
        issue_api_key(user=user, name=f"Program {n}")
    return [person.pk for person in made], [label.pk for label in labels]


def pile_up(user: User, rows: int, now: datetime) -> None:
    """What comes by itself, and is kept."""
    numbers, own, name = range(rows), {"user": user}, user.email.partition("@")[0]
    endpoint = WebhookEndpoint.objects.filter(user=user).latest("pk")
    sent = own | {"endpoint": endpoint, "type": "lead.created", "payload": {"text": TEXT}, "due_at": None}
    make(WebhookEvent, (sent | {"state": "failed" if n % 10 == 0 else "delivered"} for n in numbers))
    kinds = ("processed", "processed", "processed", "failed", "unrouted")
    make(
        WebhookDelivery,
        (
            {"provider": "cloud", "body": b"{}", "state": kinds[n % 5], "unrouted": ["7"] if n % 5 == 4 else []}
            for n in numbers
        ),
    )
    told = own | {"waba_id": WABA, "field": "security", "aspect": "security", "text": TEXT, "value": {}, "at": now}
    make(AccountEvent, (told | {"digest": f"{n}", "subject": f"{n}", "is_problem": n % 100 == 0} for n in numbers))
    refused = own | {"constraint": "leads_type_valid", "source": "api", "error": TEXT, "operation": "create_lead"}
    make(FailedTransaction, (refused for n in numbers))
    seen = {"session_data": "", "expire_date": now + timedelta(days=7), "browser": "Firefox", "address": "192.0.2.1"}
    make(Session, (own | seen | {"session_key": f"{name}{n:030}"[-64:]} for n in range(min(rows, SET_UP))))
    tried = {"account": "x", "address": "192.0.2.1", "attempts": 1, "allowed": 5, "until": now + timedelta(days=1)}
    make(LoginAttempt, (tried | {"key": f"{name} {n}"} for n in numbers))
    make(ImportRun, (own | {"file_name": f"leads{n}.csv", "state": "finished"} for n in numbers))
    make(BulkChange, (own | {"person": user, "values": {"status": "lost"}, "state": "finished"} for n in numbers))
    asked = own | {"person": user, "kind": "lead", "query": "", "columns": ["id"], "format": "csv"}
    make(Export, (asked | {"state": "finished"} for n in numbers))
    chats = list(Conversation.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True)[:rows])
    notes = make(Note, (own | {"conversation_id": chat, "author": user, "text": TEXT} for chat in chats))
    make(NoteMention, (own | {"note": note, "person": user} for note in notes[::10]))
    make(ChatRead, ({"person": user, "conversation_id": chat, "read_until": now} for chat in chats[::2]))


def make_busy_chat(user: User, count: int) -> None:
    """The newest chat has so many leads, messages, notes, merged customers and changes; the newest import and bulk
    change so many rows."""
    chat = Conversation.objects.filter(user=user, last_message_at__isnull=False).latest("pk")
    numbers, own, of_chat = range(count), {"user": user}, {"user": user, "conversation": chat}
    leads = make(Lead, (of_chat | {"type": "order", "details": TEXT, "source": "manual"} for _ in numbers))
    last = Message.objects.filter(conversation=chat).latest("sort_at")
    said: dict[str, Any] = {
        "channel_id": last.channel_id,
        "address": last.address,
        "direction": "in",
        "status": "received",
    }
    said |= of_chat | {"content": TEXT, "sort_at": last.sort_at}
    make(Message, (said | {"provider_id": f"wamid.{user.pk}.{n}"} for n in numbers))
    make(Note, (of_chat | {"author": user, "text": TEXT} for _ in numbers))
    merged = own | {"into_id": chat.customer_id, "target_id": chat.customer_id, "former_name": "Amina", "person": user}
    make(CustomerMerge, (merged | {"source_id": uuid4()} for _ in numbers))
    run, change = (model._default_manager.filter(user=user).latest("pk") for model in (ImportRun, BulkChange))
    make(ImportRefusal, (own | {"run": run, "line": n + 2, "reason": TEXT, "cells": [TEXT]} for n in numbers))
    chosen = {"change": change, "status": "new", "type": "order", "outcome": "gone"}
    make(ChosenLead, (chosen | {"lead_id": lead.pk} for lead in leads))
    changed = [("leads", leads[-1].pk), ("conversations", chat.pk), ("customers", chat.customer_id)]
    changed.append(("channels", last.channel_id))
    changed.append(("webhook_endpoints", WebhookEndpoint.objects.filter(user=user).latest("pk").pk))
    with connection.cursor() as cursor:
        for table, row in changed:
            cursor.execute(_CHANGES, {"table": table, "row": row, "user": user.pk, "count": count})


if __name__ == "__main__":
    main()
