"""Jobs of leads: those that nothing else starts again, and those that queue the next one of their business."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from leads.models import BulkChange, ImportRun
from leads.tasks import do_bulk_change, do_import, read_preview, release_work
from leadsite.core import clock
from tests.factories import Business
from tests.leads.uploading import upload
from tests.staff import staff_of

CONTEXT: Any = SimpleNamespace(should_abort=lambda: False)


def release_job(*, attempts: int) -> Job:
    return Job(
        id=1,
        queue="default",
        lock=None,
        queueing_lock=None,
        task_name=release_work.name,
        attempts=attempts,
    )


@pytest.mark.parametrize(("attempts", "soonest", "latest"), [(0, 5, 60), (6, 3600, 12 * 3600)])
def test_work_is_taken_back_later_where_the_database_fails(attempts: int, soonest: int, latest: int) -> None:
    """Without the job the open leads of somebody who has left would be theirs for ever: it is queued once."""
    again = release_work.get_retry_exception(OperationalError("no space left"), release_job(attempts=attempts))
    assert again is not None
    at = again.retry_decision.retry_at
    assert at is not None
    assert timedelta(seconds=soonest) < at - clock.now() < timedelta(seconds=latest)


def test_after_hours_the_job_has_failed() -> None:
    assert release_work.get_retry_exception(OperationalError("no space left"), release_job(attempts=8)) is None


def queued_by_a_job(task: Any, **arguments: str) -> int:
    """Run a job; return how many jobs of its task are waiting then."""
    ProcrastinateJob.objects.all().delete()
    task(CONTEXT, **arguments)
    return ProcrastinateJob.objects.filter(task_name=task.name, status="todo").count()


@pytest.mark.django_db
def test_an_import_that_has_no_turn_queues_no_job(owner: Business) -> None:
    """Two that wait would queue each other, again and again, for as long as the third one takes."""
    for name in ("first.csv", "second.csv", "third.csv"):
        upload(staff_of(owner), name=name)
    first, second, third = ImportRun.objects.order_by("pk")
    ImportRun.objects.update(state="waiting", attempts=0, updated_at=clock.now())
    ImportRun.objects.filter(pk=first.pk).update(state="running", progress=0.5)
    assert queued_by_a_job(do_import, run_id=str(second.pk)) == 0
    ImportRun.objects.filter(pk=first.pk).update(state="finished")
    assert queued_by_a_job(do_import, run_id=str(second.pk)) == 1
    assert queued_by_a_job(do_import, run_id=str(third.pk)) == 0


@pytest.mark.django_db
def test_a_preview_is_followed_by_the_next_one(owner: Business) -> None:
    for name in ("first.csv", "second.csv", "third.csv"):
        upload(staff_of(owner), name=name)
    first, second, third = ImportRun.objects.order_by("pk")
    ImportRun.objects.update(preview=None, attempts=0)
    assert queued_by_a_job(read_preview, run_id=str(first.pk)) == 1
    ImportRun.objects.filter(pk=second.pk).update(attempts=1, updated_at=clock.now())
    assert queued_by_a_job(read_preview, run_id=str(third.pk)) == 0


@pytest.mark.django_db
def test_a_bulk_change_that_has_no_turn_queues_no_job(owner: Business) -> None:
    first, second = (
        BulkChange.objects.create(user=owner.user, values={"status": "lost"}, state=state)
        for state in ("running", "waiting")
    )
    assert queued_by_a_job(do_bulk_change, change_id=str(second.pk)) == 0
    BulkChange.objects.filter(pk=first.pk).update(state="waiting")
    assert queued_by_a_job(do_bulk_change, change_id=str(second.pk)) == 1
