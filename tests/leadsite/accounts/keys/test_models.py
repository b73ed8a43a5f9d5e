"""RequestAllowance.objects.take: a token bucket in one row, which processes lock in turn."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from leadsite.accounts.keys.models import Allowance, RequestAllowance
from tests.sessions import session, waiting
from tests.site import until

KEY = "the hash of a key"


def take(wanted: int) -> Allowance:
    return RequestAllowance.objects.take(KEY, per_minute=60, wanted=wanted)


def test_the_rest_is_granted_and_then_nothing_with_the_seconds_to_wait(db: None) -> None:
    assert take(50) == Allowance(50, 0)
    assert take(50) == Allowance(10, 0)
    refused = take(50)
    assert refused.granted == 0
    assert 0 < refused.wait <= 1


def test_a_refusal_writes_nothing(db: None) -> None:
    take(60)
    before = RequestAllowance.objects.values().get()
    assert take(1).granted == 0
    assert RequestAllowance.objects.values().get() == before


def test_a_clock_that_was_set_back_neither_refills_nor_removes(db: None) -> None:
    take(20)
    RequestAllowance.objects.update(counted_at=timezone.now() + timedelta(hours=1))
    assert take(60).granted == 40


def test_it_takes_one_statement_after_the_first_call(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(3):
        take(1)
    with django_assert_num_queries(1):
        take(1)


@pytest.mark.django_db(transaction=True)
def test_concurrent_calls_together_get_the_limit_of_one() -> None:
    take(10)

    def ask() -> Allowance:
        try:
            return take(50)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, session() as observer:
        # 1. One session takes most and has not committed.
        with transaction.atomic():
            assert take(40).granted == 40
            # 2. Another session waits for the row.
            asked = pool.submit(ask)
            until(lambda: waiting(observer) == 1)
        # 3. The first commits. Less than two requests were refilled during the wait.
        assert 10 <= asked.result().granted <= 12
