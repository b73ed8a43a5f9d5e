"""A deadlock between two sessions: the transaction is repeated, and where it stays it is a failed transaction."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import OperationalError, transaction
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from leads.models import Lead
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import retried
from leadsite.monitoring.models import FailedTransaction
from leadsite.monitoring.writer import writer
from tests.factories import Business, make_business
from tests.sessions import session, waiting
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)
LOCK = "UPDATE leads SET details = details || '!' WHERE id = %s"


@pytest.fixture
def leads() -> tuple[UUID, UUID]:
    # Of other tests.
    writer.flush()
    FailedTransaction.objects.all().delete()
    owner: Business = make_business(email="owner@bakery.example", name="Bella's Bakery")
    return owner.has_lead().lead_id, owner.has_lead().lead_id


@contextmanager
def other_session(first: UUID, second: UUID) -> Iterator[Callable[[], None]]:
    """Yield what makes another session lock `second`, then wait for `first` without ever giving up."""
    with session() as other:

        def take_first() -> None:
            other.execute(LOCK, [first])
            other.commit()

        wants = threading.Thread(target=take_first)

        def begin() -> None:
            other.execute("SET LOCAL deadlock_timeout = '60s'")
            other.execute(LOCK, [second])
            wants.start()
            with session() as observer:
                until(lambda: waiting(observer) >= 1, lambda: "The other session does not wait.")

        yield begin
        wants.join(10)
        assert not wants.is_alive()


def counted(name: str) -> float:
    """A counter at /metrics; of those by SQLSTATE that of deadlocks."""
    families = text_string_to_metric_families(Client().get("/metrics").content.decode())
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and sample.labels.get("sqlstate", "40P01") == "40P01"
    )


def test_it_is_repeated_and_counted(leads: tuple[UUID, UUID]) -> None:
    first, second = leads
    repeats, deadlocks = counted("leadsite_transaction_retries_total"), counted("leadsite_deadlocks_total")
    attempts = []

    @retried
    def change_both() -> None:
        attempts.append(1)
        with transaction.atomic():
            fetch_rows("SET LOCAL deadlock_timeout = '20ms'")
            fetch_rows(LOCK, [first])
            if len(attempts) == 1:
                begin()
            fetch_rows(LOCK, [second])

    with other_session(first, second) as begin:
        change_both()
    assert len(attempts) == 2
    assert {lead.details for lead in Lead.objects.all()} == {"Wants a cake!!"}
    assert counted("leadsite_transaction_retries_total") == repeats + 1
    # PostgreSQL adds the numbers of a session up every second.
    until(lambda: counted("leadsite_deadlocks_total") > deadlocks, lambda: "The deadlock is not counted.")
    writer.flush()
    assert not FailedTransaction.objects.exists()


def test_one_that_stays_is_a_failed_transaction(leads: tuple[UUID, UUID]) -> None:
    first, second = leads

    @retried(attempts=1, source="api", operation="change both")
    def change_both() -> None:
        with transaction.atomic():
            fetch_rows("SET LOCAL deadlock_timeout = '20ms'")
            fetch_rows(LOCK, [first])
            begin()
            fetch_rows(LOCK, [second])

    with other_session(first, second) as begin, pytest.raises(OperationalError):
        change_both()
    writer.flush()
    (failed,) = FailedTransaction.objects.all()
    assert (failed.sqlstate, failed.source, failed.operation, failed.attempt) == ("40P01", "api", "change both", 1)
