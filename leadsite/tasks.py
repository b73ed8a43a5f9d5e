"""Periodic tasks that clean up the job queue and the API's tables. The tasks of an app are in its tasks.py.

The state of all work is in rows, and a job only starts it, so a job may run twice or be lost. Periodic tasks have a
queueing lock (at most one of them is queued), never a lock, which a killed worker would not release.
"""

from datetime import timedelta
from typing import Final

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

from leadsite.accounts.models import LoginAttempt, RequestAllowance, Session
from leadsite.core import clock
from leadsite.core.statements import delete_in_batches
from leadsite.rest import idempotency

log = structlog.get_logger(__name__)

# A job that was running in this many killed workers may have caused that: it is not retried.
MAX_ATTEMPTS: Final = 5
KEEP_SUCCEEDED_HOURS: Final = 24
KEEP_FAILED_HOURS: Final = 30 * 24
# Rows that are deleted in a transaction: requests and logins wait for the rows that it has locked.
PRUNE_SIZE: Final = 5000


@app.periodic(cron="*/2 * * * *")
@app.task(queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Retry the jobs of killed workers: those whose last heartbeat is more than 30 s old."""
    for job in await context.app.job_manager.get_stalled_jobs():
        outcome = await _retry(context, job)
        log.warning("stalled_job", task=job.task_name, job=job.id, attempts=job.attempts, outcome=outcome)


async def _retry(context: JobContext, job: Job) -> str:
    manager = context.app.job_manager
    if job.attempts + 1 >= MAX_ATTEMPTS:
        await manager.finish_job(job=job, status=Status.FAILED, delete_job=False)
        return "failed"
    try:
        await manager.retry_job(job=job)
    except UniqueViolation:
        # The next run of this periodic task is queued already.
        await manager.finish_job(job=job, status=Status.ABORTED, delete_job=False)
        return "replaced"
    return "queued"


@app.periodic(cron="30 3 * * *")
@app.task(queueing_lock="prune_idempotency_keys")
def prune_idempotency_keys(timestamp: int) -> None:
    """Delete old idempotency keys with their stored answers."""
    idempotency.prune_keys(now=clock.check_clock())


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="prune_allowances")
def prune_allowances(timestamp: int) -> None:
    """Delete the allowances of keys unused for an hour: they are full, and so is that of a key without a row."""
    old = RequestAllowance.objects.filter(counted_at__lt=clock.check_clock() - timedelta(hours=1))
    delete_in_batches(old, size=PRUNE_SIZE)


@app.periodic(cron="20 * * * *")
@app.task(queueing_lock="prune_logins")
def prune_logins(timestamp: int) -> None:
    """Delete sessions that have ended, and failed logins that no longer count."""
    now = clock.check_clock()
    delete_in_batches(LoginAttempt.objects.filter(until__lt=now), size=PRUNE_SIZE)
    delete_in_batches(Session.objects.filter(expire_date__lt=now), by="expire_date", size=PRUNE_SIZE)


@app.periodic(cron="10 3 * * *")
@app.task(queueing_lock="remove_old_jobs", pass_context=True)
async def remove_old_jobs(context: JobContext, timestamp: int) -> None:
    """Delete finished jobs."""
    manager = context.app.job_manager
    await manager.delete_old_jobs(nb_hours=KEEP_SUCCEEDED_HOURS)
    await manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
