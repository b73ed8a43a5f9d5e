"""Workers that deliver events: soon, each once, on after a kill, and none held up by another's endpoint."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db import connection
from django.utils import timezone

from leadsite.webhooks import queue
from leadsite.webhooks.courier import FOR_FAILING, THREADS
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.queue import Outcome
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator
from tests.leadsite.webhooks.receiver import Receiver, receiving
from tests.leadsite.workers import once, working
from tests.sessions import session
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)


def open_to_us() -> dict[str, str]:
    """The environment of a worker that may post to this machine, with the keys of this process."""
    return {"WEBHOOKS_ALLOW_PRIVATE": "true", "FIELD_ENCRYPTION_KEYS": ",".join(site.FIELD_ENCRYPTION_KEYS)}


def states() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True))


def delivered(count: int) -> bool:
    return WebhookEvent.objects.filter(state="delivered").count() >= count


def test_an_event_arrives_within_seconds(integrator: Integrator, owner: Business, tmp_path: Path):
    with working(tmp_path, **open_to_us()) as worker:
        until(worker.is_at_work, worker.log)
        began = time.monotonic()
        owner.post_lead()
        until(lambda: integrator.receiver.requests, worker.log)
        # It looks each 2 s; the rest is for a busy machine.
        assert time.monotonic() - began < 30
        until(lambda: delivered(1), worker.log)
        assert worker.stop() == 0
    assert [event["type"] for event in integrator.received()] == ["lead.created"]


def test_a_worker_that_is_stopped_records_what_is_under_way(integrator: Integrator, owner: Business, tmp_path: Path):
    integrator.receiver.gate.clear()
    owner.post_lead()
    with working(tmp_path, **open_to_us()) as worker:
        until(lambda: integrator.receiver.requests, worker.log)
        worker.process.terminate()
        until(lambda: worker.says("worker_stopping"), worker.log)
        integrator.receiver.gate.set()
        assert worker.process.wait(60) == 0
    assert states() == ["delivered"]


def test_what_a_killed_worker_had_under_way_is_posted_again_with_the_same_id(
    integrator: Integrator, owner: Business, tmp_path: Path
):
    integrator.receiver.gate.clear()
    owner.post_lead()
    with working(tmp_path, **open_to_us()) as worker:
        until(lambda: integrator.receiver.requests, worker.log)
        worker.kill9()
    integrator.receiver.gate.set()
    leased = integrator.row()
    assert (leased.state, leased.attempts) == ("pending", 1)
    with working(tmp_path, **open_to_us()) as second:
        until(second.is_at_work, second.log)
        assert states() == ["pending"]  # the lease is still the other's
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
    with working(folders[0], **open_to_us()) as one, working(folders[1], **open_to_us()) as two:
        until(lambda: delivered(60), lambda: one.log() + two.log())
    assert len(integrator.receiver.ids()) == 60
    assert integrator.receiver.doubled() == {}


def test_claims_at_the_same_moment_share_no_event(integrator: Integrator, owner: Business):
    for number in range(30):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")

    def claimed(_: int) -> list[object]:
        try:
            return [delivery.id for delivery in queue.claim(THREADS, failing=False)]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as crew:
        ids = [id_ for found in crew.map(claimed, range(6)) for id_ in found]
    assert ids
    assert len(ids) == len(set(ids))


def test_a_worker_that_slept_past_its_lease_records_nothing(integrator: Integrator, owner: Business):
    owner.post_lead()
    (slept,) = queue.claim(1, failing=False)
    WebhookEvent.objects.update(leased_until=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    (awake,) = queue.claim(1, failing=False)
    queue.record(slept, Outcome(410, queue.GONE))
    assert (integrator.row().state, integrator.endpoint.active) == ("pending", True)
    queue.record(awake, Outcome(204))
    assert (integrator.row().state, integrator.row().attempts) == ("delivered", 2)


def test_endpoints_that_hang_hold_up_no_other(integrator: Integrator, owner: Business, tmp_path: Path):
    """As many of them as may take a thread, each with a queue."""
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
        with working(tmp_path, **open_to_us()) as worker:
            until(lambda: len(hanging.requests) >= FOR_FAILING, worker.log)
            owner.has_lead(customer_phone="+4915100000002")
            until(lambda: integrator.receiver.requests, worker.log, seconds=8)
            assert len(hanging.requests) == FOR_FAILING
            hanging.gate.set()


def test_one_endpoint_has_no_more_than_its_share(integrator: Integrator, owner: Business):
    for number in range(20):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    assert len(queue.claim(THREADS, failing=False)) == queue.MOST_AT_ONCE
    assert queue.claim(THREADS, failing=False) == []


def test_a_business_with_a_long_queue_lies_before_no_others_first_event(
    integrator: Integrator, owner: Business, stranger: Business, receiver: Receiver
):
    for number in range(4):
        Integrator(owner, receiver, f"/{number}")
    for number in range(12):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    Integrator(stranger, receiver, "/stranger")
    stranger.has_lead()
    assert stranger.id in {WebhookEvent.objects.get(pk=d.id).user_id for d in queue.claim(THREADS, failing=False)}


def test_once_posts_what_is_due_and_says_so(integrator: Integrator, owner: Business, tmp_path: Path):
    owner.post_lead()
    from_here = once(tmp_path)
    assert "1 event posted." in from_here.stdout
    # A child knows neither the key nor that it may post here, and says what stopped it.
    assert integrator.row().error


def test_who_writes_waits_for_nobody_who_holds_an_endpoint(integrator: Integrator, owner: Business):
    with session() as somebody:
        somebody.execute("SELECT FROM webhook_endpoints WHERE id = %s FOR UPDATE", [integrator.id])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        try:
            assert owner.post_lead().status_code == 201
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
    assert integrator.types() == ["lead.created"]


def test_an_event_is_seen_only_with_what_it_tells_of(integrator: Integrator, owner: Business, receiver: Receiver):
    with session() as other:
        other.execute("SELECT create_lead_with_conversation(%s, '+4915100000009', 'Bruno', 'order')::text", [owner.id])
        assert integrator.types() == []
        other.rollback()
        assert integrator.types() == []
        other.execute("SELECT create_lead_with_conversation(%s, '+4915100000009', 'Bruno', 'order')::text", [owner.id])
        other.commit()
    assert integrator.types() == ["lead.created"]
