"""Jobs of leads that nothing else starts again."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from procrastinate.jobs import Job

from leads.tasks import release_work
from leadsite.core import clock


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
