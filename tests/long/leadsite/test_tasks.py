"""The periodic jobs of the site."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.leadsite.workers import (
    insert_job,
    once,
    run,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_old_finished_jobs_are_deleted(tmp_path):
    old = [insert_job("succeeded"), insert_job("failed")]
    run("UPDATE procrastinate_events SET at = now() - interval '31 days'")
    fresh = [insert_job("succeeded"), insert_job("failed")]

    assert once(tmp_path).returncode == 0

    left = set(ProcrastinateJob.objects.values_list("pk", flat=True))
    assert not left & set(old)
    assert left >= set(fresh)
