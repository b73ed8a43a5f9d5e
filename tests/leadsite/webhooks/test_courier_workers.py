"""Workers that deliver events: within seconds, each once, in a fair order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import Error, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leadsite.webhooks import queue
from leadsite.webhooks.courier import THREADS, Courier
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.queue import Outcome
from tests.database_proxy import unconfirmed_commits
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator, delivered
from tests.leadsite.webhooks.receiver import Receiver
from tests.sessions import session

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_claims_share_no_event(integrator: Integrator, owner: Business):
    for number in range(30):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")

    def claimed(_: int) -> list[object]:
        try:
            return [delivery.id for delivery in queue.claim(THREADS, failing=False)]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        ids = [id_ for found in pool.map(claimed, range(6)) for id_ in found]
    assert ids
    assert len(ids) == len(set(ids))


def test_a_worker_whose_lease_has_expired_records_nothing(integrator: Integrator, owner: Business):
    owner.post_lead()
    (slept,) = queue.claim(1, failing=False)
    WebhookEvent.objects.update(leased_until=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    (awake,) = queue.claim(1, failing=False)
    queue.record([(slept, Outcome(410, queue.GONE))])
    assert (integrator.row().state, integrator.endpoint.active) == ("pending", True)
    queue.record([(awake, Outcome(204))])
    assert (integrator.row().state, integrator.row().attempts) == ("delivered", 2)


def test_a_claim_whose_answer_was_lost_is_given_back_and_counts_as_no_attempt(integrator: Integrator, owner: Business):
    for number in range(queue.MAX_CONCURRENT):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    courier = Courier()
    with unconfirmed_commits(), pytest.raises(Error):
        courier.claim(THREADS)
    assert queue.claim(THREADS, failing=False) == []  # leased, to nobody: all that the endpoint may have at once
    assert [delivery.attempt for delivery in courier.claim(THREADS)] == [1] * queue.MAX_CONCURRENT


def test_what_another_worker_has_claimed_is_not_given_back(integrator: Integrator, owner: Business):
    owner.post_lead()
    (taken,) = queue.claim(1, failing=False)
    owner.post_lead(customer_phone="+4915100000001")
    courier = Courier()
    with unconfirmed_commits(), pytest.raises(Error):
        courier.claim(THREADS)
    assert taken.id not in [delivery.id for delivery in courier.claim(THREADS)]
    queue.record([(taken, Outcome(204))])
    assert WebhookEvent.objects.get(pk=taken.id).state == "delivered"


def test_one_endpoint_gets_a_limited_share_of_a_claim(integrator: Integrator, owner: Business):
    for number in range(20):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    assert len(queue.claim(THREADS, failing=False)) == queue.MAX_CONCURRENT
    assert queue.claim(THREADS, failing=False) == []


def test_a_long_queue_of_one_business_does_not_delay_the_first_event_of_another(
    integrator: Integrator, owner: Business, stranger: Business, receiver: Receiver
):
    for number in range(4):
        Integrator(owner, receiver, f"/{number}")
    for number in range(12):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    Integrator(stranger, receiver, "/stranger")
    stranger.has_lead()
    assert stranger.id in {WebhookEvent.objects.get(pk=d.id).user_id for d in queue.claim(THREADS, failing=False)}


def test_creating_a_lead_does_not_wait_for_a_locked_endpoint(integrator: Integrator, owner: Business):
    with session() as other_session:
        other_session.execute("SELECT FROM webhook_endpoints WHERE id = %s FOR UPDATE", [integrator.id])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        try:
            assert owner.post_lead().status_code == 201
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
    assert integrator.types() == ["lead.created"]


def test_an_event_is_visible_only_with_its_cause(integrator: Integrator, owner: Business, receiver: Receiver):
    with session() as other:
        other.execute("SELECT create_lead_with_conversation(%s, '+4915100000009', 'Bruno', 'order')::text", [owner.id])
        assert integrator.types() == []
        other.rollback()
        assert integrator.types() == []
        other.execute("SELECT create_lead_with_conversation(%s, '+4915100000009', 'Bruno', 'order')::text", [owner.id])
        other.commit()
    assert integrator.types() == ["lead.created"]


def test_delivered_events_are_recorded_together(integrator: Integrator, owner: Business):
    for number in range(4):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    results = [(delivery, Outcome(204)) for delivery in queue.claim(THREADS, failing=False)]
    assert len(results) == 4
    with CaptureQueriesContext(connection) as many:
        queue.record(results)
    assert delivered(4)
    owner.has_lead()
    results = [(delivery, Outcome(204)) for delivery in queue.claim(THREADS, failing=False)]
    with CaptureQueriesContext(connection) as one:
        queue.record(results)
    assert len(one) == len(many)


def test_slow_endpoints_of_one_business_leave_threads_to_another(
    integrator: Integrator, owner: Business, stranger: Business, receiver: Receiver
):
    for number in range(5):
        Integrator(owner, receiver, path=f"/slow{number}")
    other = Integrator(stranger, receiver, path="/other")
    for number in range(8):
        owner.has_lead(customer_phone=f"+4915100001{number:03}")
    # All at once, and a few more at a time: in both cases threads stay free.
    claimed = queue.claim(THREADS, failing=False) + queue.claim(4, failing=False)
    assert len(claimed) == queue.MAX_OF_BUSINESS < THREADS
    stranger.has_lead()
    assert [delivery.endpoint_id for delivery in queue.claim(4, failing=False)] == [other.id]
