"""manage.py worker as it runs in production, in a separate process. Kills and lost connections: test_worker_faults."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.contrib.django.utils import connector_params

from leadsite.worker import Interrupted, _session
from tests.leadsite.workers import run, working
from tests.site import until
from whatsapp.models import WebhookDelivery
from whatsapp.outbound.worker import Sender

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_does_due_jobs_and_stops_on_sigterm(tmp_path):
    kept = WebhookDelivery.objects.create(
        provider="cloud", body=b"{}", state="failed", next_attempt_at="2026-01-01T00:00:00Z"
    )

    with working(tmp_path) as worker:
        until(lambda: WebhookDelivery.objects.filter(pk=kept.pk, attempts__gt=1).exists(), worker.log)

        assert worker.stop() == 0

    assert "worker_stopped" in worker.log()
    assert run("SELECT FROM procrastinate_workers") == 0
    # A periodic job that became due in the last moment is left to the next worker.
    assert not ProcrastinateJob.objects.exclude(status__in=["succeeded", "todo"]).exists()


async def do_jobs(parameters: dict[str, Any]) -> None:
    """In this process; what is due at this minute runs in a thread, whose connection nobody else closes."""
    with ThreadPoolExecutor(1) as thread:
        asyncio.get_running_loop().set_default_executor(thread)
        try:
            await _session(parameters, Sender(1), concurrency=1, wait=False)
        finally:
            thread.submit(connections.close_all).result()


def test_jobs_are_fetched_while_the_password_of_the_database_is_replaced(monkeypatch: pytest.MonkeyPatch):
    """The server of the tests asks for none: what refuses the former one stands in front of it."""
    let_in = psycopg.AsyncConnection.connect.__func__  # type: ignore[attr-defined] # of a class method

    async def connect(cls: Any, /, conninfo: str = "", **options: Any) -> object:
        if options.get("password") != "the next one":
            raise psycopg.OperationalError("Passwort-Authentifizierung für Benutzer »leadsite« fehlgeschlagen")
        return await let_in(cls, conninfo, **options)

    async def no_jobs() -> None:
        pass

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", classmethod(connect))
    monkeypatch.setattr("leadsite.worker._defer_due", no_jobs)
    parameters = connector_params() | {"password": "the former one"}
    with pytest.raises(Interrupted, match="fehlgeschlagen"):
        asyncio.run(do_jobs(parameters))
    monkeypatch.setitem(connection.settings_dict, "NEXT_PASSWORD", "the next one")
    asyncio.run(do_jobs(parameters))
