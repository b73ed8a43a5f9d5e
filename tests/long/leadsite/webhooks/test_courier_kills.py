"""Workers that deliver events: stopped, killed, two at once, and with endpoints that do not answer."""

from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from leadsite.webhooks.courier import FOR_FAILING
from leadsite.webhooks.models import WebhookEvent
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator, delivered, worker_environment
from tests.leadsite.webhooks.receiver import receiving
from tests.leadsite.workers import working
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)


def states() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True))


def test_a_stopped_worker_records_the_requests_in_progress(integrator: Integrator, owner: Business, tmp_path: Path):
    integrator.receiver.gate.clear()
    owner.post_lead()
    with working(tmp_path, **worker_environment()) as worker:
        until(lambda: integrator.receiver.requests, worker.log)
        worker.process.terminate()
        until(lambda: worker.says("worker_stopping"), worker.log)
        integrator.receiver.gate.set()
        assert worker.process.wait(60) == 0
    assert states() == ["delivered"]


def test_an_event_that_a_killed_worker_was_posting_is_posted_again_with_the_same_id(
    integrator: Integrator, owner: Business, tmp_path: Path
):
    integrator.receiver.gate.clear()
    owner.post_lead()
    with working(tmp_path, **worker_environment()) as worker:
        until(lambda: integrator.receiver.requests, worker.log)
        worker.kill9()
    integrator.receiver.gate.set()
    leased = integrator.row()
    assert (leased.state, leased.attempts) == ("pending", 1)
    with working(tmp_path, **worker_environment()) as second:
        until(second.is_registered, second.log)
        assert states() == ["pending"]  # still leased by the killed worker
        WebhookEvent.objects.update(leased_until=timezone.now(), due_at=timezone.now())
        until(lambda: delivered(1), second.log)
    assert integrator.receiver.ids() == [str(leased.pk)] * 2
    assert integrator.row().attempts == 2


def test_two_workers_post_each_event_once(integrator: Integrator, owner: Business, tmp_path: Path):
    for number in range(60):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with working(folders[0], **worker_environment()) as one, working(folders[1], **worker_environment()) as two:
        until(lambda: delivered(60), lambda: one.log() + two.log())
    assert len(integrator.receiver.ids()) == 60
    assert integrator.receiver.duplicates() == {}


def test_endpoints_that_hang_do_not_delay_others(integrator: Integrator, owner: Business, tmp_path: Path):
    """As many as threads for failing endpoints, each with a queue."""
    with receiving() as hanging:
        hanging.gate.clear()
        for number in range(FOR_FAILING):
            Integrator(owner, hanging, f"/hangs/{number}", ["lead.updated"])
        lead = owner.has_lead(customer_phone="+4915100000001")
        failing = WebhookEvent.objects.filter(type="lead.updated")
        for status in ("contacted", "qualified", "converted"):
            owner.client.patch(f"/api/leads/{lead.lead_id}", {"status": status}, format="json")
        WebhookEvent.objects.filter(endpoint_id=integrator.id).delete()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE webhook_endpoints SET failing_since = now() WHERE id <> %s", [integrator.id])
        assert failing.count() == 3 * FOR_FAILING
        with working(tmp_path, **worker_environment()) as worker:
            until(lambda: len(hanging.requests) >= FOR_FAILING, worker.log)
            owner.has_lead(customer_phone="+4915100000002")
            until(lambda: integrator.receiver.requests, worker.log, seconds=8)
            assert len(hanging.requests) == FOR_FAILING
            hanging.gate.set()
