"""The word to the workers that something is to be sent. The rows are the truth: it only makes them look at once."""

from typing import Final

from django.db import OperationalError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException

SEND_QUEUED: Final = "whatsapp.tasks.send_queued"


def wake_sender() -> None:
    """Queue the job by which a worker looks, unless one waits already. Caller holds the transaction.

    At most one at a time, because each NOTIFY takes a lock of the whole cluster until after its commit. A worker that
    takes the waiting one just before we commit looks again within the blink of an eye: see whatsapp/outbound/worker.py.
    Raises django.db.OperationalError.
    """
    if ProcrastinateJob.objects.filter(task_name=SEND_QUEUED, status="todo").exists():
        return
    try:
        app.configure_task(SEND_QUEUED, allow_unknown=True).defer()
    except ConnectorException as error:
        # procrastinate's own word for a lost connection or a lock; retried and the table of errors know Django's.
        raise OperationalError(str(error)) from error.__cause__
