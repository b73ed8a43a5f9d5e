"""Sheena, who came to a business by every way, and Otto, who mentions her."""

import json

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection

from conversations.models import Customer
from leads.models import ImportRefusal, ImportRun
from leadsite.monitoring.models import FailedTransaction
from leadsite.webhooks.services import create_endpoint
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.models import WebhookDelivery

OTHER = "447700900123"


@pytest.fixture
def inbox(owner: Business) -> Inbox:
    return Inbox(owner)


@pytest.fixture
def person(inbox: Inbox) -> Customer:
    """Sheena; what she wrote is secret."""
    owner = inbox.business
    create_endpoint(user_id=owner.id, url="https://hooks.invalid/", events=["lead.created", "message.received"])
    inbox.gets(
        meta.text("My secret", from_user_id=meta.SHEENA_ID),
        meta.text("Ask Sheena Nelson, +1 (650) 555-1234", from_=OTHER, id="wamid.other"),
        contacts=[meta.contact(user_id=meta.SHEENA_ID), meta.contact(OTHER, name="Otto")],
    )
    owner.client.post(
        "/api/leads",
        {"customer_phone": "+1 650 555 1234", "customer_name": "Sheena", "type": "order", "details": "secret cake"},
        format="json",
        HTTP_IDEMPOTENCY_KEY="order-of-6505551234",
    )
    customer = Customer.objects.get(phone=f"+{meta.SHEENA}")
    run = ImportRun.objects.create(
        user=owner.user,
        file_name="Sheena 6505551234.csv",
        state="finished",
        preview={"rows": [{"line": 2, "cells": ["Sheena", "650 555-1234"], "reason": ""}, {"line": 3, "cells": ["B"]}]},
        trial={"refusals": [{"line": 2, "field": "", "reason": "", "cells": ["Sheena", "(650) 555 1234"]}]},
    )
    ImportRefusal.objects.create(user=owner.user, run=run, line=2, reason="x", cells=["Sheena", "(650) 555-1234"])
    ImportRefusal.objects.create(user=owner.user, run=run, line=3, reason="x", cells=["Otto", "+44 7700 900123"])
    FailedTransaction.objects.create(source="api", user=owner.user, error="of +16505551234", input={"a": "Otto"})
    LogEntry.objects.log_actions(str(owner.id), [customer], CHANGE, "renamed to Sheena")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, args) VALUES ('x', 'default', %s)",
            [json.dumps({"phone": "+16505551234", "n": 1})],
        )
    body = meta.body(meta.messages_value(messages=[meta.text("secret")], contacts=[meta.contact()]))
    WebhookDelivery.objects.create(provider="cloud", body=body, state="failed", error=f"message {meta.wamid()}: x")
    WebhookDelivery.objects.create(provider="cloud", body=b"no JSON, 16505551234", state="failed")
    return customer
