"""A worker that is suspended (SIGSTOP) while it records: others can lock the rows within seconds.

A claim is one statement, so a suspended process holds no lock of it.
"""

import pytest
from django.db import Error

from leadsite.webhooks import queue
from leadsite.webhooks.models import WebhookEndpoint
from leadsite.webhooks.queue import Outcome
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator
from tests.sessions import is_free, suspended

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_suspended_while_it_records_locks_the_endpoint_for_seconds_only(
    integrator: Integrator, owner: Business
):
    owner.post_lead()
    (delivery,) = queue.claim(1, failing=False)
    with suspended(queue.record, [(delivery, Outcome(503, "busy"))], after="UPDATE webhook_endpoints") as recording:
        assert not is_free(WebhookEndpoint.objects.filter(pk=integrator.id))
        queue.record([(delivery, Outcome(204))])
    assert isinstance(recording.exception(), Error)
    assert integrator.row().state == "delivered"
