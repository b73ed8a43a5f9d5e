"""A worker as an operator starts it, and jobs for it: for tests with `django_db(transaction=True)`."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.sessions import database_url, session, waiting
from tests.site import DEADLINE_SECONDS, REPOSITORY, environment, manage, until

NAME = "worker of a test"  # the application_name of its sessions
# Only in this database: another process of pytest has another one on the same server.
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = %s AND datname = current_database()"
)
PRUNE = "whatsapp.tasks.prune_deliveries"
STALLED = "leadsite.tasks.retry_stalled_jobs"
PRUNE_KEYS = "leadsite.tasks.prune_idempotency_keys"
PRUNE_ALLOWANCES = "leadsite.tasks.prune_allowances"
PRUNE_EVENTS = "leadsite.webhooks.tasks.prune_webhook_events"
SWEEP_IMPORTS = "leads.tasks.sweep_imports"
PRUNE_IMPORTS = "leads.tasks.prune_imports"
SWEEP_BULK_CHANGES = "leads.tasks.sweep_bulk_changes"
PRUNE_BULK_CHANGES = "leads.tasks.prune_bulk_changes"
FORGET_MERGES = "leads.tasks.forget_merges"
SWEEP_EXPORTS = "leadsite.exports.tasks.sweep_exports"
PRUNE_EXPORTS = "leadsite.exports.tasks.prune_exports"
COUNT_RECENT = "leadsite.figures.tasks.count_recent_days"
COUNT_SHOWN = "leadsite.figures.tasks.count_shown_days"
REMOVE = "leadsite.tasks.remove_old_jobs"


def run(statement: str, *arguments: str | int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.rowcount


def variables(data_dir: Path, url: str | None = None, **more: str) -> dict[str, str]:
    fixed = {"SECRET_KEY": secrets.token_urlsafe(50), "LEADSITE_DEMO": "true", "PGAPPNAME": NAME}
    return environment(data_dir, **({"DATABASE_URL": url or database_url()} | fixed | more))


class Worker:
    def __init__(self, data_dir: Path, url: str | None = None, **more: str) -> None:
        self._log = data_dir / "worker.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=REPOSITORY,
                env=variables(data_dir, url, **more),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text()

    def says(self, words: str, times: int = 1) -> bool:
        assert self.process.poll() is None, self.log()
        return self.log().count(words) >= times

    def is_registered(self) -> bool:
        assert self.process.poll() is None, self.log()
        return run("SELECT FROM procrastinate_workers") == 1

    def kill9(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def working(data_dir: Path, url: str | None = None, **more: str) -> Iterator[Worker]:
    worker = Worker(data_dir, url, **more)
    try:
        yield worker
    finally:
        worker.kill9()


def once(data_dir: Path, url: str | None = None) -> subprocess.CompletedProcess[str]:
    return manage("worker", "--once", env=variables(data_dir, url))


@contextmanager
def job_in_progress(worker: Worker) -> Iterator[ProcrastinateJob]:
    """The job that prunes deliveries, which waits for a lock of their table until the block ends."""
    with session() as gate:
        gate.execute("LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE")
        until(lambda: find_job(PRUNE, "doing") and waiting(gate), worker.log)
        job = find_job(PRUNE, "doing")
        assert job is not None
        yield job


def find_job(task: str, status: str) -> ProcrastinateJob | None:
    return ProcrastinateJob.objects.filter(task_name=task, status=status).first()


def insert_job(
    status: str, *, task: str = PRUNE, attempts: int = 0, queueing_lock: str | None = None, wait: str = "0"
) -> int:
    """Insert a job without a worker and update it step by step: procrastinate's triggers record each status."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, attempts, queueing_lock, scheduled_at)"
            " VALUES ('default', %s, '{\"timestamp\": 0}', %s, %s, now() + %s::interval) RETURNING id",
            [task, attempts, queueing_lock, wait],
        )
        (id_,) = cursor.fetchone() or (0,)
    for step in ("doing", status) if status != "todo" else ():
        run("UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status WHERE id = %s", step, id_)
    return int(id_)


def status_of(job_id: int) -> str:
    return str(ProcrastinateJob.objects.get(pk=job_id).status)
