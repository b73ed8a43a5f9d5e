"""Wrong API keys from one address: limited, without a query, and never at the cost of a right one."""

from itertools import count
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadsite.accounts import authentication
from leadsite.accounts.models import ApiKey, RequestAllowance
from leadsite.accounts.refusals import RefusalLimit
from leadsite.accounts.services import issue_api_key
from leadsite.accounts.snapshots import Snapshot
from tests.factories import Business

_numbers = count(1)


@pytest.fixture
def address() -> str:
    """One that no other test has used: a process remembers those above their limit."""
    return f"2001:db8:{next(_numbers):x}::1"


@pytest.fixture(autouse=True)
def limited(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REFUSALS_PER_MINUTE = 3
    keys: Any = Snapshot(authentication._read_all_keys, seconds=lambda: 60)
    monkeypatch.setattr(authentication, "_all_keys", keys)


def get(address: str, key: str) -> Any:
    return Client().get("/api/leads", REMOTE_ADDR=address, headers={"Authorization": f"Bearer {key}"})


def throttle(address: str) -> None:
    assert [get(address, "ls_wrong").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_wrong_keys_of_an_address_are_limited(db: None, address: str) -> None:
    throttle(address)
    answer = get(address, "ls_another")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer["Retry-After"]) <= 21
    assert "right ones are accepted" in answer.json()["error"]


def test_a_right_key_from_the_same_address_works(owner: Business, address: str) -> None:
    throttle(address)
    assert get(address, owner.api_key).status_code == 200


def test_a_key_that_is_right_no_longer_does_not(owner: Business, address: str) -> None:
    revoked = issue_api_key(user=owner.user, name="revoked")
    ApiKey.objects.filter(name="revoked").update(expiry="2020-01-01T00:00:00Z")
    throttle(address)
    assert get(address, revoked).status_code == 429


def test_a_refusal_above_the_limit_queries_nothing(owner: Business, address: str) -> None:
    throttle(address)
    assert get(address, "ls_wrong").status_code == 429  # reads the valid keys, once a second
    with CaptureQueriesContext(connection) as queries:
        assert [get(address, f"ls_{number}").status_code for number in range(20)] == [429] * 20
    assert list(queries) == []


def test_an_address_of_ipv6_is_its_network_and_others_are_not_refused(db: None, address: str) -> None:
    throttle(address)
    assert get(f"{address[:-1]}abcd", "ls_wrong").status_code == 429
    assert get("192.0.2.200", "ls_wrong").status_code == 401


def test_no_key_is_not_counted(db: None, address: str) -> None:
    assert {Client().get("/api/leads", REMOTE_ADDR=address).status_code for _ in range(6)} == {401}


def test_another_process_learns_of_it_by_its_next_wrong_key(db: None, address: str) -> None:
    throttle(address)
    another = RefusalLimit("wrong API keys")
    assert another.wait(address) == 0
    assert 0 < another.count(address) <= 20
    assert 0 < another.wait(address) <= 20


def test_a_limit_of_zero_is_none(db: None, address: str, settings: Any) -> None:
    settings.REFUSALS_PER_MINUTE = 0
    assert {get(address, "ls_wrong").status_code for _ in range(6)} == {401}
    assert not RequestAllowance.objects.exists()


def test_without_a_database_what_is_wrong_is_refused_uncounted(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    def away(*arguments: Any, **options: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(RequestAllowance.objects, "take", away)
    assert RefusalLimit("a kind").count(address) == 0
