"""The periodic tasks of monitoring do their work and are registered."""

import pytest
from procrastinate.contrib.django import app

from leadsite.monitoring.models import IntegrityRun
from leadsite.monitoring.tasks import check_stored_data, prune_failures


@pytest.mark.django_db
def test_the_self_check_and_the_deletion_run_periodically() -> None:
    periodic = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}
    assert periodic["leadsite.monitoring.tasks.check_stored_data"] == "45 * * * *"
    assert periodic["leadsite.monitoring.tasks.prune_failures"] == "50 3 * * *"
    check_stored_data(timestamp=0)
    prune_failures(timestamp=0)
    assert IntegrityRun.objects.count() == 1
