"""Wakes a worker to fetch files. Their rows are the queue; this only avoids waiting for the sweep."""

from typing import Final

from procrastinate.contrib.django.models import ProcrastinateJob

from leadsite.core.transactions import queue_job

FETCH_MEDIA: Final = "whatsapp.tasks.fetch_media"


def wake_fetcher() -> None:
    """Defer the job that fetches files, unless one is waiting. Caller holds the transaction.

    Two deliveries at the same moment may queue two jobs, and one of these finds nothing to do. With a queueing lock the
    second delivery would wait until the first has committed, and then fail. See whatsapp/outbound/wakeup.py.

    Raises django.db.OperationalError.
    """
    if ProcrastinateJob.objects.filter(task_name=FETCH_MEDIA, status="todo").exists():
        return
    queue_job(FETCH_MEDIA)
