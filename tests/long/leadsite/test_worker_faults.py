"""manage.py worker, stopped in the middle of a job, killed, and cut off from its database."""

import os
import signal

import pytest

from leadsite.demo.supervisor import HOST
from leadsite.tasks import MAX_ATTEMPTS
from tests.leadsite.workers import (
    CUT,
    NAME,
    REMOVE,
    STALLED,
    find_job,
    insert_job,
    job_in_progress,
    once,
    run,
    status_of,
    working,
)
from tests.site import DEADLINE_SECONDS, free_port, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_finishes_its_job_before_it_stops(tmp_path, signum):
    with working(tmp_path) as worker:
        with job_in_progress(worker) as unfinished:
            worker.process.send_signal(signum)
            until(lambda: worker.says("worker_stopping"), worker.log)
            assert status_of(unfinished.pk) == "doing"

        assert worker.process.wait(DEADLINE_SECONDS) == 0

    assert status_of(unfinished.pk) == "succeeded"


def test_the_job_of_a_killed_worker_is_done_by_another(tmp_path):
    with working(tmp_path) as worker, job_in_progress(worker) as unfinished:
        os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
    assert status_of(unfinished.pk) == "doing"
    run("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    insert_job("todo", task=STALLED)

    ended = once(tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert status_of(unfinished.pk) == "succeeded"
    assert "outcome=queued" in ended.stderr


def test_the_job_of_a_running_worker_is_not_retried(tmp_path):
    with working(tmp_path) as worker, job_in_progress(worker) as unfinished:
        until(lambda: find_job(STALLED, "succeeded"), worker.log)
        assert status_of(unfinished.pk) == "doing"


def test_a_stalled_job_is_aborted_if_another_is_queued_and_fails_after_the_last_attempt(tmp_path):
    replaced = insert_job("doing", queueing_lock="prune_deliveries")
    successor = insert_job("todo", queueing_lock="prune_deliveries", wait="1 hour")
    last_attempt = insert_job("doing", attempts=MAX_ATTEMPTS - 1)
    retried = insert_job("doing")

    ended = once(tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert [status_of(id_) for id_ in (replaced, successor)] == ["aborted", "todo"]
    assert [status_of(id_) for id_ in (last_attempt, retried)] == ["failed", "succeeded"]


def test_it_continues_after_its_connections_were_terminated(tmp_path):
    with working(tmp_path) as worker:
        until(worker.is_registered, worker.log)
        terminated = run(CUT, NAME)
        assert terminated
        wanted = insert_job("todo", task=REMOVE)

        until(lambda: status_of(wanted) == "succeeded", worker.log)

        assert worker.stop() == 0


def test_a_worker_that_was_removed_as_stalled_continues(tmp_path):
    """After a suspension, for example: other workers have taken its jobs and deleted its row."""
    with working(tmp_path) as worker:
        until(worker.is_registered, worker.log)
        run("DELETE FROM procrastinate_workers")
        wanted = insert_job("todo", task=REMOVE)

        until(lambda: status_of(wanted) == "succeeded", worker.log)

        assert worker.stop() == 0


@pytest.fixture
def unreachable_url() -> str:
    """The address of a database that does not answer."""
    return f"postgresql://nobody@{HOST}:{free_port()}/nothing"


def test_it_waits_for_an_unreachable_database_and_still_stops(tmp_path, unreachable_url):
    with working(tmp_path, unreachable_url) as worker:
        until(lambda: worker.says("worker_interrupted", times=2), worker.log)

        assert worker.stop() == 0

    assert "Traceback" not in worker.log()


def test_once_reports_that_the_database_is_unreachable(tmp_path, unreachable_url):
    ended = once(tmp_path, unreachable_url)

    assert ended.returncode == 1
    assert "The database is unreachable or not migrated: " in ended.stderr
    assert "Traceback" not in ended.stderr
