"""A worker that is frozen (SIGSTOP) in the middle of recording: others have the rows within seconds.

A claim is one statement, and so holds nothing while its process does not run.
"""

import pytest
from django.db import Error

from leadsite.webhooks import queue
from leadsite.webhooks.models import WebhookEndpoint
from leadsite.webhooks.queue import Outcome
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator
from tests.sessions import frozen, is_free

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_frozen_in_the_middle_of_a_record_keeps_the_endpoint_for_seconds_only(
    integrator: Integrator, owner: Business
):
    owner.post_lead()
    (delivery,) = queue.claim(1, failing=False)
    with frozen(queue.record, delivery, Outcome(503, "busy"), after="UPDATE webhook_endpoints") as recording:
        assert not is_free(WebhookEndpoint.objects.filter(pk=integrator.id))
        queue.record(delivery, Outcome(204))
    assert isinstance(recording.exception(), Error)
    assert integrator.row().state == "delivered"
