"""The present time is the database's, whatever this machine's clock says."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from leads.tasks import forget_merges, prune_bulk_changes, prune_imports
from leadsite.core import clock
from leadsite.exports.tasks import prune_exports
from leadsite.tasks import prune_allowances, prune_idempotency_keys
from leadsite.webhooks.tasks import prune_webhook_events
from tests.factories import ORDER, Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.tasks import prune_deliveries


@pytest.fixture(autouse=True)
def measured_again() -> Iterator[None]:
    """What a test has measured is forgotten."""
    yield
    clock.set_now(datetime.now(UTC))


def set_machine(monkeypatch: pytest.MonkeyPatch, difference: timedelta) -> None:
    """Set this machine's clock, as an operator or a broken NTP server does."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + difference

    monkeypatch.setattr(clock, "datetime", Wrong)


def test_it_is_the_databases(transactional_db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock, "MEASURED_SECONDS", -1.0)
    set_machine(monkeypatch, timedelta(days=9))
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    assert abs(clock.now() - at) < timedelta(seconds=5)


def test_it_goes_on_without_the_machines_clock(monkeypatch: pytest.MonkeyPatch):
    clock.set_now(datetime(2030, 1, 1, tzinfo=UTC))
    set_machine(monkeypatch, timedelta(hours=-1))
    first = clock.now()
    time.sleep(0.01)
    assert timedelta(seconds=0.005) < clock.now() - first < timedelta(seconds=5)
    assert first.year == 2030


@pytest.mark.parametrize(("difference", "word"), [(timedelta(days=9), "ahead of"), (timedelta(hours=-1), "behind")])
def test_a_machine_whose_clock_differs_deletes_nothing(
    monkeypatch: pytest.MonkeyPatch, difference: timedelta, word: str
):
    clock.set_now(datetime.now(UTC))
    set_machine(monkeypatch, difference)
    with pytest.raises(clock.ClockDiffers, match=f"{word} the database's"):
        clock.check_clock()


PRUNING = [
    *(prune_idempotency_keys, prune_allowances, prune_webhook_events),
    *(prune_deliveries, prune_imports, prune_bulk_changes, forget_merges, prune_exports),
]


@pytest.mark.parametrize("prune", PRUNING, ids=lambda task: task.name)
def test_no_job_deletes_by_a_clock_that_differs(db: None, monkeypatch: pytest.MonkeyPatch, prune: Any):
    clock.set_now(datetime.now(UTC))
    set_machine(monkeypatch, timedelta(days=9))
    with pytest.raises(clock.ClockDiffers):
        prune(timestamp=0)


def test_a_key_of_today_outlives_a_worker_that_is_nine_days_ahead(owner: Business, monkeypatch: pytest.MonkeyPatch):
    owner.client.post("/api/leads", ORDER, format="json", headers={"Idempotency-Key": "once"})
    set_machine(monkeypatch, timedelta(days=9))
    with pytest.raises(clock.ClockDiffers):
        prune_idempotency_keys(timestamp=0)
    again = owner.client.post("/api/leads", ORDER, format="json", headers={"Idempotency-Key": "once"})
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_few_seconds_are_tolerated(monkeypatch: pytest.MonkeyPatch):
    clock.set_now(datetime.now(UTC))
    set_machine(monkeypatch, timedelta(seconds=20))
    assert abs(clock.check_clock() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("difference", [timedelta(hours=-1), timedelta(hours=1)], ids=["behind", "ahead"])
def test_providers_times_count_whatever_the_web_servers_clock_says(
    owner: Business, monkeypatch: pytest.MonkeyPatch, difference: timedelta
):
    clock.set_now(datetime.now(UTC))
    set_machine(monkeypatch, difference)
    sent_at = int(datetime.now(UTC).timestamp()) - 5
    inbox = Inbox(owner)
    inbox.gets(meta.text("Hello", timestamp=sent_at))
    (message,), (conversation,) = inbox.messages, inbox.conversations
    assert message.provider_time == datetime.fromtimestamp(sent_at, UTC)
    # The day in which free text is accepted began then, and the customer has waited since.
    assert conversation.waiting_since == conversation.last_inbound_at == message.provider_time
    answer = owner.client.post("/api/whatsapp", {"to": f"+{meta.SHEENA}", "message": "Hi"}, format="json")
    assert answer.json()["window"] == "open"
