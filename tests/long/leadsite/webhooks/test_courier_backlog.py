"""A queue of events as a large import leaves it: what posting one of them costs does not depend on how many wait."""

from collections.abc import Iterator

import pytest

from leadsite.core.statements import fetch_rows
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator, delivered, post
from tests.rows_scanned import analyze, rows_visited, with_autovacuum, without_autovacuum

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 2000
A_FEW = 10  # three: of the claim, of its update and of the record
TABLES = ("webhook_events",)
FILL = """
    INSERT INTO webhook_events (user_id, endpoint_id, type, payload)
    SELECT user_id, endpoint_id, type, payload FROM webhook_events, generate_series(2, %s)
"""


@pytest.fixture(autouse=True)
def late_autovacuum() -> Iterator[None]:
    without_autovacuum(TABLES)
    yield
    with_autovacuum(TABLES)


def test_each_event_reads_a_few_rows_however_many_wait(integrator: Integrator, owner: Business) -> None:
    owner.has_lead()
    analyze(TABLES)
    fetch_rows(FILL, [EVENTS])

    def work() -> None:
        assert post() == EVENTS

    assert rows_visited(work, TABLES) < A_FEW * EVENTS
    assert delivered(EVENTS)
