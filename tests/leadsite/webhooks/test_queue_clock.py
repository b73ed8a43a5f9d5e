"""Events and their leases when the database's clock was moved back."""

from dataclasses import replace
from datetime import timedelta

from django.db.models import F

from leadsite.webhooks import queue
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.queue import Delivery, Outcome
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator

HOUR = timedelta(hours=1)


def claimed_before(deliveries: list[Delivery]) -> list[Delivery]:
    """Claims from before the clock was moved back by an hour: all their times are an hour ahead."""
    WebhookEvent.objects.update(due_at=F("due_at") + HOUR, leased_until=F("leased_until") + HOUR)
    return [replace(delivery, leased_until=delivery.leased_until + HOUR) for delivery in deliveries]


def test_events_that_were_due_are_posted(integrator: Integrator, owner: Business):
    owner.post_lead()
    WebhookEvent.objects.update(due_at=F("due_at") + HOUR)
    assert queue.claim(16, failing=False) == []

    queue.move_times(-HOUR)

    assert len(queue.claim(16, failing=False)) == 1


def test_a_lease_that_began_afterwards_is_not_shortened(integrator: Integrator, owner: Business):
    """Otherwise another worker would post the event, too."""
    owner.post_lead()
    (delivery,) = queue.claim(16, failing=False)

    queue.move_times(-HOUR)

    assert queue.claim(16, failing=False) == []
    queue.record([(delivery, Outcome(204))])
    assert integrator.row().state == "delivered"


def test_what_was_being_posted_is_recorded(integrator: Integrator, owner: Business):
    owner.post_lead()
    (delivery,) = claimed_before(queue.claim(16, failing=False))

    queue.move_times(-HOUR)

    assert queue.claim(16, failing=False) == []
    queue.record([(delivery, Outcome(204))])
    assert integrator.row().state == "delivered"


def test_the_leases_of_a_killed_worker_end_and_leave_their_places_to_others(integrator: Integrator, owner: Business):
    for number in range(queue.MAX_CONCURRENT):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    claimed_before(queue.claim(16, failing=False))

    queue.move_times(-HOUR - timedelta(seconds=queue.LEASE_SECONDS))

    assert len(queue.claim(16, failing=False)) == queue.MAX_CONCURRENT
