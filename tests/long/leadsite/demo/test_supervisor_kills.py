"""`make run` when its processes are killed: a child is restarted; without the supervisor all stop."""

import os
import signal
from pathlib import Path

import psycopg

from leadsite.demo.embedded import database_url
from tests.leadsite.demo.demo_process import demo, still_there
from tests.site import until


def test_a_killed_child_is_restarted_and_ctrl_c_still_stops_all(data_dir: Path) -> None:
    with demo(data_dir) as running:
        worker = running.child("worker")
        worker.kill()
        until(lambda: not still_there([worker]))
        running.await_all()
        assert running.child("worker") != worker

        webs = running.children("granian")
        for web in webs:
            os.killpg(web.pid, signal.SIGKILL)
        until(lambda: not still_there(webs) and running.takes_leads(), running.output)
        running.await_all()

        database = running.database()
        database.kill()
        until(lambda: not still_there([database]) and running.takes_leads(), running.output)
        job_is_done(data_dir)
        started = running.everything()

        assert running.press_ctrl_c() == 0, running.output()

    assert still_there(started) == []


def job_is_done(data_dir: Path) -> None:
    """Queue a job and wait until the worker has done it."""
    task = "leadsite.tasks.remove_old_jobs"
    with psycopg.connect(database_url(data_dir), autocommit=True) as session:
        row = session.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', %s, '{\"timestamp\": 0}')"
            " RETURNING id",
            [task],
        ).fetchone()
        until(
            lambda: (
                session.execute("SELECT FROM procrastinate_jobs WHERE id = %s AND status = 'succeeded'", row).fetchone()
                is not None
            )
        )


def test_web_server_and_worker_do_not_outlive_a_killed_demo_and_the_next_demo_takes_over(data_dir: Path) -> None:
    with demo(data_dir) as killed:
        started = killed.everything()
        webs = killed.children("granian")
        children = [*webs, *(child for web in webs for child in web.children()), killed.child("worker")]
        killed.process.kill()
        killed.process.wait()
        until(lambda: not still_there(children))

    with demo(data_dir) as second:
        assert second.takes_leads()

    assert still_there(started) == []
