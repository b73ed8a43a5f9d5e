"""manage.py worker as it runs in production: a process of its own, which is stopped, killed and cut off here."""

import os
import re
import signal

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from leadsite.demo.supervisor import HOST
from leadsite.tasks import MAX_ATTEMPTS
from tests.leadsite.workers import (
    CUT,
    NAME,
    PRUNE,
    PRUNE_ALLOWANCES,
    PRUNE_EVENTS,
    PRUNE_IMPORTS,
    PRUNE_KEYS,
    REMOVE,
    STALLED,
    SWEEP_IMPORTS,
    a_job_under_way,
    job,
    once,
    run,
    status_of,
    the_job,
    variables,
    working,
)
from tests.site import DEADLINE_SECONDS, free_port, manage, until
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


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_finishes_the_job_under_way_before_it_stops(tmp_path, signum):
    with working(tmp_path) as worker:
        with a_job_under_way(worker) as under_way:
            worker.process.send_signal(signum)
            until(lambda: worker.says("worker_stopping"), worker.log)
            assert status_of(under_way.pk) == "doing"

        assert worker.process.wait(DEADLINE_SECONDS) == 0

    assert status_of(under_way.pk) == "succeeded"


def test_a_job_that_was_under_way_in_a_killed_worker_is_done_by_another(tmp_path):
    with working(tmp_path) as worker, a_job_under_way(worker) as under_way:
        os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
    assert status_of(under_way.pk) == "doing"
    run("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    job("todo", task=STALLED)

    ended = once(tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert status_of(under_way.pk) == "succeeded"
    assert "outcome=queued" in ended.stderr


def test_the_job_of_a_worker_that_lives_is_left_to_it(tmp_path):
    with working(tmp_path) as worker, a_job_under_way(worker) as under_way:
        until(lambda: the_job(STALLED, "succeeded"), worker.log)
        assert status_of(under_way.pk) == "doing"


def test_a_stalled_job_whose_successor_waits_is_given_up_and_so_is_one_that_kills_its_workers(tmp_path):
    replaced = job("doing", queueing_lock="prune_deliveries")
    successor = job("todo", queueing_lock="prune_deliveries", wait="1 hour")
    deadly = job("doing", attempts=MAX_ATTEMPTS - 1)
    again = job("doing")

    ended = once(tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert [status_of(id_) for id_ in (replaced, successor)] == ["aborted", "todo"]
    assert [status_of(id_) for id_ in (deadly, again)] == ["failed", "succeeded"]


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


def test_it_goes_on_after_its_connections_were_cut(tmp_path):
    with working(tmp_path) as worker:
        until(worker.is_at_work, worker.log)
        cut = run(CUT, NAME)
        assert cut
        wanted = job("todo", task=REMOVE)

        until(lambda: status_of(wanted) == "succeeded", worker.log)

        assert worker.stop() == 0


def test_a_worker_that_was_taken_for_dead_begins_anew(tmp_path):
    """One that slept for long, say: others have given its jobs to themselves and forgotten it."""
    with working(tmp_path) as worker:
        until(worker.is_at_work, worker.log)
        run("DELETE FROM procrastinate_workers")
        wanted = job("todo", task=REMOVE)

        until(lambda: status_of(wanted) == "succeeded", worker.log)

        assert worker.stop() == 0


@pytest.fixture
def nowhere() -> str:
    """The address of a database that is away."""
    return f"postgresql://nobody@{HOST}:{free_port()}/nothing"


def test_it_waits_for_a_database_that_is_away_and_still_stops(tmp_path, nowhere):
    with working(tmp_path, nowhere) as worker:
        until(lambda: worker.says("worker_interrupted", times=2), worker.log)

        assert worker.stop() == 0

    assert "Traceback" not in worker.log()


def test_once_says_that_the_database_is_away(tmp_path, nowhere):
    ended = once(tmp_path, nowhere)

    assert ended.returncode == 1
    assert "The database is unreachable or not migrated: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_refuses_to_do_nothing_at_a_time(tmp_path):
    ended = manage("worker", "--concurrency", "0", env=variables(tmp_path))

    assert ended.returncode == 2
    assert "--concurrency" in ended.stderr
