"""manage.py worker as it runs in production, in a separate process. Kills and lost connections: tests/long."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.leadsite.workers import (
    run,
    working,
)
from tests.site import until
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_does_due_jobs_and_stops_on_sigterm(tmp_path):
    kept = WebhookDelivery.objects.create(
        provider="cloud", body=b"{}", state="failed", next_attempt_at="2026-01-01T00:00:00Z"
    )

    with working(tmp_path) as worker:
        until(lambda: WebhookDelivery.objects.filter(pk=kept.pk, attempts__gt=1).exists(), worker.log)

        assert worker.stop() == 0

    assert "worker_stopped" in worker.log()
    assert run("SELECT FROM procrastinate_workers") == 0
    # A periodic job that became due in the last moment is left to the next worker.
    assert not ProcrastinateJob.objects.exclude(status__in=["succeeded", "todo"]).exists()
