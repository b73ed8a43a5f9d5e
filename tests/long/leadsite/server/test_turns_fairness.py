"""A business that sends all it can, on a served site, beside another that sends now and then."""

import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from leadsite.accounts.services import create_business
from tests.factories import ORDER, Business
from tests.sessions import database_url
from tests.site import Site, request, serving

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 6.0
GREEDY = 60


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    variables = {"DATABASE_TIMEOUTS": "true", "BEHIND_PROXY": "true"}
    with serving(database_url(), tmp_path_factory.mktemp("site"), **variables) as site:
        yield site


def post(site: Site, path: str, key: str, body: object, address: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": address}
    return request("POST", site.address + path, json=body, headers=headers)


def lead() -> dict[str, str]:
    return ORDER | {"customer_phone": f"+4915{random.randrange(10**9):09}"}


@contextmanager
def repeating(call: Callable[[int], requests.Response]) -> Iterator[list[float]]:
    """Clients that call without a pause until the end of the block. Yields the seconds of each answer."""
    ended, seconds = threading.Event(), list[float]()

    def client(number: int) -> None:
        while not ended.is_set():
            started = time.monotonic()
            assert call(number).status_code == 201
            seconds.append(time.monotonic() - started)

    with ThreadPoolExecutor(GREEDY) as clients:
        running = [clients.submit(client, number) for number in range(GREEDY)]
        try:
            yield seconds
        finally:
            ended.set()
    for one in running:
        one.result()


ADDRESSES = {
    "one address": lambda number: "198.51.100.1",
    "many addresses": lambda number: f"198.51.100.{number}",
    "the address of the other": lambda number: "203.0.113.9",
}


@pytest.mark.parametrize("whence", ADDRESSES)
def test_a_business_that_sends_all_it_can_waits_for_itself(
    owner: Business, stranger: Business, site: Site, whence: str
) -> None:
    keys = itertools.cycle([owner.api_key, create_business(email=owner.user.email).api_key])
    own = [next(keys) for _ in range(GREEDY)]
    address = ADDRESSES[whence]
    assert post(site, "/api/leads", stranger.api_key, lead(), "203.0.113.9").status_code == 201
    modest = []
    with repeating(lambda number: post(site, "/api/leads", own[number], lead(), address(number))) as greedy:
        time.sleep(1)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            started = time.monotonic()
            assert post(site, "/api/leads", stranger.api_key, lead(), "203.0.113.9").status_code == 201
            modest.append(time.monotonic() - started)
            time.sleep(0.05)
    # The greedy one's requests wait for those before them; the modest one's for the computer only, which this process
    # shares with 60 clients.
    assert statistics.median(modest) < 0.6 * statistics.median(greedy)
