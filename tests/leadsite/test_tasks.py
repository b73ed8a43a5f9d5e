"""What is old is deleted in batches: requests and logins do not wait for one long transaction."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadsite import tasks
from leadsite.accounts.models import LoginAttempt, RequestAllowance
from leadsite.core import clock
from leadsite.tasks import prune_allowances, prune_logins

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PRUNE_SIZE", 2, raising=False)


def deletions(queries: CaptureQueriesContext, table: str) -> int:
    return sum(f'DELETE FROM "{table}"' in query["sql"] for query in queries.captured_queries)


def test_allowances_of_unused_keys_are_deleted_in_batches() -> None:
    old = clock.now() - timedelta(hours=2)
    for number in range(3):
        RequestAllowance.objects.create(key=str(number), requests=1, counted_at=old)
    RequestAllowance.objects.create(key="used", requests=1, counted_at=clock.now())
    with CaptureQueriesContext(connection) as queries:
        prune_allowances(timestamp=0)
    assert [one.key for one in RequestAllowance.objects.all()] == ["used"]
    assert deletions(queries, "request_allowances") == 2


def test_failed_logins_that_no_longer_count_are_deleted_in_batches() -> None:
    old = clock.now() - timedelta(hours=2)
    for number in range(3):
        LoginAttempt.objects.create(key=str(number), attempts=1, allowed=10, until=old)
    with CaptureQueriesContext(connection) as queries:
        prune_logins(timestamp=0)
    assert not LoginAttempt.objects.exists()
    assert deletions(queries, "login_attempts") == 2
