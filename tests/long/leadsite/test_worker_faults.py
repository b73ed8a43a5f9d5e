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
    a_job_under_way,
    job,
    once,
    run,
    status_of,
    the_job,
    working,
)
from tests.site import DEADLINE_SECONDS, free_port, until

pytestmark = pytest.mark.django_db(transaction=True)


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
