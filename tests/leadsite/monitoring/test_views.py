"""/metrics: who may read it, and what is there, also while the database is away."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from leadsite.monitoring import database
from tests.factories import Business
from tests.leadsite.monitoring.failing import LEAD

pytestmark = pytest.mark.django_db
TOKEN = "a long random text"


def read(client: Client, **headers: str) -> dict[str, Any]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def value(families: dict[str, Any], name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return float(found)


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


def test_while_the_database_is_away_it_says_so_and_shows_the_rest(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(database, "_group", away)
    monkeypatch.setattr(database, "_answers", lambda: False)
    families = read(client)
    assert value(families, "leadsite_database_up") == 0
    assert "leadsite_outbox_messages" not in families
    assert "leadsite_creations" in families


def test_a_group_that_fails_is_left_out_alone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_JOBS", "SELECT pg_sleep(5)")
    monkeypatch.setattr(database, "STATEMENT_TIMEOUT", "10ms")
    families = read(client)
    assert "leadsite_jobs" not in families
    assert value(families, "leadsite_database_up") == 1
    assert "leadsite_workers" in families
