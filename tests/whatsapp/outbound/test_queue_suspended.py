"""A worker that is suspended (SIGSTOP) during a claim or a record: others continue within seconds."""

import pytest
from django.db import Error

from conversations.models import Message
from tests.factories import Business
from tests.sessions import is_free, suspended
from tests.site import until
from tests.whatsapp.graph import graph_api
from tests.whatsapp.mailing import Mailing
from whatsapp.outbound import queue
from whatsapp.outbound.outcomes import Failed, Outgoing, Sent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued_message(owner: Business) -> Message:
    with graph_api() as graph:
        return Mailing(owner, graph).writes("one")


def claimed() -> list[Outgoing]:
    return until(lambda: queue.claim(16))


@pytest.mark.parametrize("after", ["FROM channels", "UPDATE messages"], ids=["number", "messages"])
def test_a_worker_suspended_during_a_claim_blocks_the_number_for_seconds_only(queued_message: Message, after: str):
    with suspended(queue.claim, 16, after=after) as claiming:
        assert queue.claim(16) == []
        assert [message.id for message in claimed()] == [queued_message.pk]
    assert isinstance(claiming.exception(), Error)


@pytest.mark.parametrize("outcome", [Sent("wamid.1"), Failed("No.")], ids=["sent", "failed"])
def test_a_worker_suspended_during_a_record_blocks_the_message_for_seconds_only(
    queued_message: Message, outcome: Sent | Failed
):
    results = [(message, outcome) for message in claimed()]
    rows = Message.objects.filter(pk=queued_message.pk)
    with suspended(queue.record, results, after="UPDATE messages") as recording:
        assert not is_free(rows)
        until(lambda: is_free(rows))
        queue.record(results)
    assert isinstance(recording.exception(), Error)
    assert rows.get().status == type(outcome).__name__.lower()
