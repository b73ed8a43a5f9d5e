"""What /metrics reads from the database, also where it is away or slow."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from leadsite.monitoring import database
from tests.leadsite.monitoring.scraped import read, value

pytestmark = pytest.mark.django_db


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
