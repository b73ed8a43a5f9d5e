"""Reports of a temporary failure at the same moment as another report of the same message."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import time

import pytest
from django.db import connection

from tests.sessions import session, waiting
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.mailing import Mailing, reloaded

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def message_locked(message_id: object, *, waiters: int) -> Iterator[None]:
    """Lock the message until so many sessions wait for it."""
    with session() as holder, session() as observer, holder.transaction():
        holder.execute("SELECT FROM messages WHERE id = %s FOR UPDATE", [message_id])
        yield
        until(lambda: waiting(observer) == waiters)


def receive(body: bytes) -> None:
    try:
        webhook_client.receive(body)
    finally:
        connection.close()


@pytest.mark.parametrize("with_id", [True, False])
def test_it_is_queued_again_once_and_sent_once(mailing: Mailing, with_id: bool) -> None:
    row = mailing.writes()
    mailing.send_due()
    about = {"biz_opaque_callback_data": str(row.pk)} if with_id else {}
    errors = [meta.error(131000, "Something went wrong")]
    report = meta.status("failed", id="wamid.000001", timestamp=int(time()), errors=errors, **about)
    body = meta.body(meta.messages_value(statuses=[report]))
    with ThreadPoolExecutor(2) as providers:
        with message_locked(row.pk, waiters=2):
            answers = [providers.submit(receive, body) for _ in range(2)]
        for answer in answers:
            answer.result()
    assert (reloaded(row).status, row.retries) == ("queued", 1)
    mailing.send_all()
    assert (reloaded(row).status, len(mailing.graph.ledger)) == ("sent", 2)


@pytest.mark.parametrize("first", ["failed", "delivered"])
def test_delivered_at_the_moment_of_the_failure_is_not_sent_again(mailing: Mailing, first: str) -> None:
    row = mailing.writes()
    mailing.send_due()
    errors = [meta.error(131000, "Something went wrong")]
    reports = {
        "failed": meta.status("failed", id="wamid.000001", timestamp=int(time()), errors=errors),
        "delivered": meta.status("delivered", id="wamid.000001"),
    }
    with ThreadPoolExecutor(2) as providers, session() as observer:
        with message_locked(row.pk, waiters=2):
            answers = []
            for status in sorted(reports, key=lambda status: status != first):
                answers.append(providers.submit(receive, meta.body(meta.messages_value(statuses=[reports[status]]))))
                until(lambda: waiting(observer) == len(answers))
        for answer in answers:
            answer.result()
    assert reloaded(row).status == "delivered"
    assert mailing.send_all() == 0
