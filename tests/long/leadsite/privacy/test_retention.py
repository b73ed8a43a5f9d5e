"""A customer who is merged, and writes, while old rows are deleted: nothing that has just come is deleted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from conversations.models import Conversation, Customer, Message
from leads.merging.services import merge
from leads.models import Lead
from leadsite.core import clock
from leadsite.privacy.retention import delete_old
from tests.factories import Business
from tests.sessions import processes
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "+4915123440001"


@contextmanager
def after(words: str, call: Callable[[], Any]) -> Iterator[None]:
    """Make this call after the first statement with these words."""
    called = False

    def run(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        nonlocal called
        result = execute(statement, *rest)
        if words in statement and not called:
            called = True
            call()
        return result

    with connection.execute_wrapper(run):
        yield
    assert called, words


def merge_there(business: Any, source: Any, target: Any) -> None:
    merge(user_id=business, source_id=source, target_id=target, person_id=None)


def deliver_there(timestamp: int) -> None:
    message = meta.text("Are you open?", id="wamid.2", timestamp=timestamp)
    webhook_client.receive(meta.body(meta.messages_value(messages=[message])))


def test_what_a_merged_customer_writes_meanwhile_stays(owner: Business, settings: Any) -> None:
    now = int(clock.now().timestamp())
    Inbox(owner).gets(meta.text("Hello", id="wamid.1", timestamp=now - 40 * 86_400), contacts=[meta.contact()])
    owner.has_lead(customer_phone=OTHER)
    sheena, other = Customer.objects.order_by("pk")
    Conversation.objects.filter(customer=other).update(status="archived")
    old = Lead.objects.filter(conversation__customer=sheena)
    old.update(status="lost", updated_at=clock.now() - timedelta(days=40))
    settings.CLOSED_LEAD_DAYS = 30
    with processes(1) as pool, ExitStack() as meanwhile:
        pool.submit(int).result()

        def do_there(function: Callable[..., None], *arguments: Any) -> Callable[[], None]:
            return lambda: pool.submit(function, *arguments).result()

        merging = do_there(merge_there, owner.id, sheena.pk, other.pk)
        meanwhile.enter_context(after("status IN ('converted', 'lost')", merging))
        meanwhile.enter_context(after("AND NOT EXISTS", do_there(deliver_there, now)))
        delete_old(now=clock.now(), should_stop=lambda: False)
    assert Customer.objects.get() == other
    assert Message.objects.filter(provider_id="wamid.2").exists()
