"""Idempotency-Key: the same request repeated concurrently."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.factories import ORDER, Business
from tests.sessions import database_url, session
from tests.site import request, serving


@pytest.mark.django_db(transaction=True)
class TestConcurrentRequests:
    def test_repeated_requests_create_one_lead_and_get_one_answer(self, owner: Business, tmp_path: Path) -> None:
        with serving(database_url(), tmp_path) as site, ThreadPoolExecutor(16) as pool:
            headers = {"Authorization": f"Bearer {owner.api_key}", "Idempotency-Key": "repeated"}

            def send(_: int) -> requests.Response:
                return request("POST", f"{site.address}/api/leads", json=ORDER, headers=headers)

            answers = list(pool.map(send, range(48)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
        assert owner.row_counts() == (1, 1, 1)

    def test_a_repeated_request_that_waits_too_long_is_409(self, owner: Business, tmp_path: Path) -> None:
        with serving(database_url(), tmp_path, DATABASE_TIMEOUTS="true") as site, session() as other_session:
            columns = "(user_id, key, fingerprint, status, body)"
            other_session.execute(
                f"INSERT INTO idempotency_keys {columns} VALUES (%s, 'repeated', '', 0, '')", [owner.id]
            )
            headers = {"Authorization": f"Bearer {owner.api_key}", "Idempotency-Key": "repeated"}
            answer = request("POST", f"{site.address}/api/leads", json=ORDER, headers=headers)
            assert answer.status_code == 409
            assert answer.json()["code"] == "request_under_way"
            assert answer.headers["Retry-After"]
            other_session.rollback()
            assert request("POST", f"{site.address}/api/leads", json=ORDER, headers=headers).status_code == 201
        assert owner.row_counts() == (1, 1, 1)
