"""Wakes a worker to send queued messages. The messages' rows are the queue; this only avoids waiting for the sweep."""

from typing import Final

from django.db import OperationalError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException

SEND_QUEUED: Final = "whatsapp.tasks.send_queued"


def wake_sender() -> None:
    """Defer the job that wakes a worker, unless one is waiting. Caller holds the transaction.

    At most one at a time, because each NOTIFY holds a cluster-wide lock until after its commit. A worker that takes the
    waiting job just before this transaction commits looks again shortly after: see leadsite/core/queue_worker.py.
    Raises django.db.OperationalError.
    """
    if ProcrastinateJob.objects.filter(task_name=SEND_QUEUED, status="todo").exists():
        return
    try:
        app.configure_task(SEND_QUEUED, allow_unknown=True).defer()
    except ConnectorException as error:
        # procrastinate's exception for a lost connection or a lock; `retried` and leadsite/errors.py expect Django's.
        raise OperationalError(str(error)) from error.__cause__
