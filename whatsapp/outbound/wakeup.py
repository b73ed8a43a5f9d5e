"""Wakes a worker to send queued messages. The messages' rows are the queue; this only avoids waiting for the sweep."""

from typing import Final

from procrastinate.contrib.django.models import ProcrastinateJob

from leadsite.core.transactions import queue_job

SEND_QUEUED: Final = "whatsapp.tasks.send_queued"


def wake_sender() -> None:
    """Defer the job that wakes a worker, unless one is waiting. Caller holds the transaction.

    At most one at a time, because each NOTIFY holds a cluster-wide lock until after its commit. A worker that takes the
    waiting job just before this transaction commits looks again shortly after: see leadsite/core/queue_worker.py.
    Raises django.db.OperationalError.
    """
    if ProcrastinateJob.objects.filter(task_name=SEND_QUEUED, status="todo").exists():
        return
    queue_job(SEND_QUEUED)
