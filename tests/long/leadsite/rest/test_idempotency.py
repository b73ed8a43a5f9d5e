"""Idempotency-Key over a network that loses half of the responses."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from leads.models import Lead
from tests.factories import ORDER, Business
from tests.lossy_proxy import lossy_proxy
from tests.sessions import database_url
from tests.site import request, serving, until


@pytest.mark.django_db(transaction=True)
def test_repeated_requests_after_lost_responses_create_each_lead_once(owner: Business, tmp_path: Path) -> None:
    numbers = itertools.count()
    with (
        serving(database_url(), tmp_path) as site,
        lossy_proxy(site.address) as proxy,
        ThreadPoolExecutor(8) as pool,
    ):

        def create(number: int) -> tuple[bytes, bytes]:
            lead = ORDER | {"customer_phone": f"+4915100{number:05}"}
            headers = {"Authorization": f"Bearer {owner.api_key}", "Idempotency-Key": f"create-{number}"}
            given: list[bytes] = []

            def is_answered() -> bool:
                next(numbers)
                try:
                    answer = request("POST", f"{proxy.address}/api/leads", json=lead, headers=headers)
                except requests.ConnectionError:
                    return False
                assert answer.status_code == 201, answer.text
                given.append(answer.content)
                return True

            until(is_answered)
            until(is_answered)
            return given[0], given[1]

        pairs = list(pool.map(create, range(1000)))
    assert proxy.lost > 500
    assert all(first == second for first, second in pairs)
    assert owner.row_counts() == (1000, 1000, 1000)
    assert Lead.objects.count() == 1000
