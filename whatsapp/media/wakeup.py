"""Wakes a worker to fetch files. Their rows are the queue; this only avoids waiting for the sweep."""

from typing import Final

from django.db import OperationalError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException

FETCH_MEDIA: Final = "whatsapp.tasks.fetch_media"


def wake_fetcher() -> None:
    """Defer the job that fetches files, unless one is waiting. Caller holds the transaction.

    Raises django.db.OperationalError. See whatsapp/outbound/wakeup.py.
    """
    if ProcrastinateJob.objects.filter(task_name=FETCH_MEDIA, status="todo").exists():
        return
    try:
        app.configure_task(FETCH_MEDIA, allow_unknown=True).defer()
    except ConnectorException as error:
        raise OperationalError(str(error)) from error.__cause__
