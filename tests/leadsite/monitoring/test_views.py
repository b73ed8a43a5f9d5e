"""/metrics: who may read it, and what is there, also while the database is away."""

from typing import Any

import pytest
from django.test import Client

from conversations.models import Message
from tests.factories import Business
from tests.leadsite.monitoring.failing import LEAD
from tests.leadsite.monitoring.scraped import read, value
from whatsapp.outbound.resolve import leave

pytestmark = pytest.mark.django_db
TOKEN = "a long random text"


def test_with_a_token_only_its_bearer_reads_it(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert read(client, authorization=f"Bearer {TOKEN}")
    for wrong in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer é😀"):
        answer = client.get("/metrics", headers={"authorization": wrong})
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer
        assert b"leadsite_" not in answer.content


def test_without_a_token_only_the_demo_has_it_and_only_on_this_machine(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert read(client)
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    settings.DEMO = False
    answer = client.get("/metrics")
    assert answer.status_code == 404
    assert b"METRICS_TOKEN" in answer.content


def test_it_needs_neither_tls_nor_a_known_host_and_takes_no_post(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/metrics", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.post("/metrics").status_code == 405


def test_requests_and_creations_are_there(owner: Business, client: Client) -> None:
    before = read(client)
    assert value(before, "leadsite_database_up") == 1
    assert owner.client.post("/api/leads", LEAD, format="json").status_code == 201
    after = read(client)
    labels = {"route": "/api/leads", "status": "201"}
    counts = [sample.value for sample in after["leadsite_requests"].samples if sample.labels == labels]
    assert counts[0] >= 1
    assert value(after, "leadsite_requests_seconds_count", **labels) == counts[0]
    assert value(after, "leadsite_creation_round_trips_count", source="api") >= 1
    assert value(after, "leadsite_outbox_messages", state="queued") == 0
    assert value(after, "leadsite_jobs", status="todo") == 0
    assert value(after, "leadsite_workers") == 0


def test_queued_messages_are_counted_with_the_age_of_the_oldest(owner: Business, client: Client) -> None:
    owner.client.post("/api/whatsapp", {"to": LEAD["customer_phone"], "message": "Hello"}, format="json")
    families = read(client)
    assert value(families, "leadsite_outbox_messages", state="queued") == 1
    assert 0 <= value(families, "leadsite_outbox_oldest_seconds") < 60


def test_unknown_messages_are_counted_until_staff_leave_them(owner: Business, client: Client) -> None:
    owner.client.post("/api/whatsapp", {"to": LEAD["customer_phone"], "message": "Hello"}, format="json")
    Message.objects.update(status="unknown", due_at=None)
    assert value(read(client), "leadsite_outbox_messages", state="unknown") == 1
    leave(message=Message.objects.get())
    assert value(read(client), "leadsite_outbox_messages", state="unknown") == 0
