"""A worker as an operator starts it delivers events."""

import time
from pathlib import Path

import pytest

from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator, delivered, worker_environment
from tests.leadsite.workers import once, working
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_arrives_within_seconds(integrator: Integrator, owner: Business, tmp_path: Path):
    with working(tmp_path, **worker_environment()) as worker:
        until(worker.is_registered, worker.log)
        began = time.monotonic()
        owner.post_lead()
        until(lambda: integrator.receiver.requests, worker.log)
        # It polls every 2 s; the rest is for a busy machine.
        assert time.monotonic() - began < 30
        until(lambda: delivered(1), worker.log)
        assert worker.stop() == 0
    assert [event["type"] for event in integrator.received()] == ["lead.created"]


def test_once_posts_due_events_and_reports_the_number(integrator: Integrator, owner: Business, tmp_path: Path):
    owner.post_lead()
    ended = once(tmp_path)
    assert "1 event posted." in ended.stdout
    # The worker has neither the key nor the permission to post to this machine, and records that reason.
    assert integrator.row().error
