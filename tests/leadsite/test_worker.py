"""manage.py worker as it runs in production: a process of its own. tests/long has its kills and cut connections."""

import re

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.leadsite.workers import (
    PRUNE,
    PRUNE_ALLOWANCES,
    PRUNE_EVENTS,
    PRUNE_IMPORTS,
    PRUNE_KEYS,
    REMOVE,
    STALLED,
    SWEEP_IMPORTS,
    job,
    once,
    run,
    variables,
    working,
)
from tests.site import manage, until
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_does_what_is_due_and_stops_when_it_is_told_to(tmp_path):
    kept = WebhookDelivery.objects.create(
        provider="cloud", body=b"{}", state="failed", next_attempt_at="2026-01-01T00:00:00Z"
    )

    with working(tmp_path) as worker:
        until(lambda: WebhookDelivery.objects.filter(pk=kept.pk, attempts__gt=1).exists(), worker.log)

        assert worker.stop() == 0

    assert "worker_stopped" in worker.log()
    assert run("SELECT FROM procrastinate_workers") == 0
    assert not ProcrastinateJob.objects.exclude(status="succeeded").exists()


def test_finished_jobs_are_forgotten_in_time(tmp_path):
    old = [job("succeeded"), job("failed")]
    run("UPDATE procrastinate_events SET at = now() - interval '31 days'")
    fresh = [job("succeeded"), job("failed")]

    assert once(tmp_path).returncode == 0

    left = set(ProcrastinateJob.objects.values_list("pk", flat=True))
    assert not left & set(old)
    assert left >= set(fresh)


def test_once_does_the_periodic_jobs_that_are_due_and_ends(tmp_path):
    ended = once(tmp_path)

    assert ended.returncode == 0, ended.stderr
    done = ProcrastinateJob.objects.filter(status="succeeded").values_list("task_name", flat=True)
    assert {
        PRUNE,
        STALLED,
        REMOVE,
        "whatsapp.tasks.retry_deliveries",
        "whatsapp.tasks.sweep_outbox",
        PRUNE_ALLOWANCES,
        PRUNE_KEYS,
        PRUNE_EVENTS,
        PRUNE_IMPORTS,
        SWEEP_IMPORTS,
    } == set(done)


def test_once_says_how_much_it_did(tmp_path):
    broken = job("todo", task=REMOVE)
    run("UPDATE procrastinate_jobs SET args = '{\"no_such_argument\": 1}' WHERE id = %s", broken)

    first, second = once(tmp_path), once(tmp_path)

    assert re.fullmatch(r"[0-9]+ jobs done, 1 failed\.\n", first.stdout), first.stdout
    assert "no_such_argument" in first.stderr
    # A minute may begin between the two.
    assert second.stdout in ("Nothing was due.\n", "1 job done.\n")


def test_it_refuses_to_do_nothing_at_a_time(tmp_path):
    ended = manage("worker", "--concurrency", "0", env=variables(tmp_path))

    assert ended.returncode == 2
    assert "--concurrency" in ended.stderr
