"""The web server with production's time-outs."""

import time

import pytest

from tests.factories import ORDER, Business
from tests.sessions import database_url, session
from tests.site import request, serving

pytestmark = pytest.mark.django_db(transaction=True)


LOCKS = {
    "customer": "SELECT FROM customers FOR UPDATE",
    "business": "SELECT FROM users FOR UPDATE",
    "table": "LOCK TABLE customers IN ACCESS EXCLUSIVE MODE",  # as ALTER TABLE
}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["", "with_key"])
def test_a_request_that_meets_a_lock_is_503_within_five_seconds(owner: Business, tmp_path, headers) -> None:
    """With production's settings, and nothing is written."""
    owner.has_lead(customer_phone=ORDER["customer_phone"])
    limits = {"DATABASE_TIMEOUTS": "true", "DATABASE_WAIT_SECONDS": "4"}
    with serving(database_url(), tmp_path, **limits) as site, session() as other_session:
        for lock in LOCKS.values():
            if "users" in lock and not headers:
                continue  # a lead of a customer who is known needs no lock of the business
            other_session.execute(lock)
            started = time.monotonic()
            answer = request(
                "POST",
                f"{site.address}/api/leads",
                json=ORDER,
                headers={"Authorization": f"Bearer {owner.api_key}"} | headers,
            )
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), lock
            assert answer.headers["Retry-After"]
            assert time.monotonic() - started < 5, lock
            other_session.rollback()
        assert site.post_lead(owner.api_key, ORDER).status_code == 201
    assert owner.row_counts() == (1, 1, 2)
