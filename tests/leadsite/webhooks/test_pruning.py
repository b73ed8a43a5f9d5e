"""Old events are deleted, and those of deleted endpoints."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from leadsite.webhooks import pruning
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.database import rows_read, use_indexes

pytestmark = pytest.mark.django_db


def test_old_events_are_deleted_with_or_without_an_endpoint(integrator, owner):
    for number in range(4):
        owner.post_lead(customer_phone=f"+491510000000{number}")
    old, failed, too_old, kept = integrator.rows()
    now = timezone.now()
    WebhookEvent.objects.filter(pk=old.pk).update(
        created_at=now - timedelta(days=31), updated_at=now - timedelta(days=31)
    )
    for row, days in ((failed, 31), (too_old, 91)):
        WebhookEvent.objects.filter(pk=row.pk).update(
            state="failed", due_at=None, created_at=now - timedelta(days=days)
        )
    assert pruning.prune(now=now) == 2
    assert [row.pk for row in integrator.rows()] == [failed.pk, kept.pk]
    WebhookEndpoint.objects.filter(pk=integrator.id).delete()
    assert pruning.prune(now=now) == 2
    assert integrator.rows() == []


@pytest.mark.parametrize("days", [31, 91])
def test_an_old_event_that_was_queued_again_keeps_its_attempts_for_as_long_as_a_new_one(integrator, owner, days):
    owner.post_lead()
    now, old = timezone.now(), timezone.now() - timedelta(days=days)
    WebhookEvent.objects.update(state="failed", due_at=None, created_at=old, updated_at=old)
    assert owner.client.post(f"{integrator.address}/retry-failed").json()["queued"] == 1
    assert pruning.prune(now=now) == 0
    assert integrator.row().state == "pending"
    assert pruning.prune(now=now + timedelta(days=31)) == 1


def test_failed_events_that_stay_are_read_once_and_not_for_each_batch(integrator, owner, monkeypatch):
    monkeypatch.setattr(pruning, "PRUNE_BATCH_SIZE", 1)
    now = timezone.now()
    owner.post_lead()
    (event,) = integrator.rows()
    values = {"user": owner.user, "endpoint_id": integrator.id, "type": event.type, "payload": {}, "due_at": None}
    for state, days, count in (("failed", 40, 40), ("delivered", 35, 5)):
        WebhookEvent.objects.bulk_create([WebhookEvent(state=state, **values) for _ in range(count)])
        WebhookEvent.objects.filter(state=state).update(created_at=now - timedelta(days=days))
    use_indexes()
    before = rows_read("webhook_events")
    assert pruning.prune(now=now) == 5
    assert rows_read("webhook_events") - before < 2 * 46


def test_many_events_of_deleted_endpoints_go_in_batches_and_those_of_others_stay(integrator, owner, monkeypatch):
    monkeypatch.setattr(pruning, "PRUNE_BATCH_SIZE", 2)
    for number in range(3):
        owner.post_lead(customer_phone=f"+491510000000{number}")
    kept = integrator.rows()
    values = {"user": owner.user, "type": "lead.created", "payload": {}}
    for endpoint_id in (uuid4(), uuid4()):
        WebhookEvent.objects.bulk_create([WebhookEvent(endpoint_id=endpoint_id, **values) for _ in range(5)])
    assert pruning.prune(now=timezone.now()) == 10
    assert integrator.rows() == kept
    assert WebhookEvent.objects.count() == 3


def test_former_secrets_are_forgotten_each_at_its_end(integrator):
    now = timezone.now()
    ends = [now - timedelta(hours=2), now - timedelta(hours=1), now + timedelta(hours=1)]
    WebhookEndpoint.objects.update(former_secrets=["first", "second", "third"], former_until=ends)
    pruning.prune(now=now)
    assert (integrator.endpoint.former_secrets, integrator.endpoint.former_until) == (["third"], ends[2:])
