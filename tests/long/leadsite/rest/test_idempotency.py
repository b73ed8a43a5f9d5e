"""Idempotency-Key against a network that loses every second answer."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from leads.models import Lead
from tests.cutting import cutting
from tests.factories import ORDER, Business
from tests.sessions import database_url
from tests.site import request, serving, until


@pytest.mark.django_db(transaction=True)
def test_a_thousand_creates_whose_answers_are_cut_make_a_thousand_leads(owner: Business, tmp_path: Path) -> None:
    numbers = itertools.count()
    with (
        serving(database_url(), tmp_path) as site,
        cutting(site.address) as proxy,
        ThreadPoolExecutor(8) as crew,
    ):

        def create(number: int) -> tuple[bytes, bytes]:
            lead = ORDER | {"customer_phone": f"+4915100{number:05}"}
            headers = {"Authorization": f"Bearer {owner.api_key}", "Idempotency-Key": f"create-{number}"}
            given: list[bytes] = []

            def answered() -> bool:
                next(numbers)
                try:
                    answer = request("POST", f"{proxy.address}/api/leads", json=lead, headers=headers)
                except requests.ConnectionError:
                    return False
                assert answer.status_code == 201, answer.text
                given.append(answer.content)
                return True

            until(answered)
            until(answered)
            return given[0], given[1]

        pairs = list(crew.map(create, range(1000)))
    assert proxy.cut > 500
    assert all(first == second for first, second in pairs)
    assert owner.row_counts() == (1000, 1000, 1000)
    assert Lead.objects.count() == 1000
