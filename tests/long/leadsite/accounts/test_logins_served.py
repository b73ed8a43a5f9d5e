"""Logins under attack, on a real server with several processes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from django.contrib.auth.hashers import make_password

from leadsite.accounts.models import User
from tests.factories import ORDER, Business
from tests.sessions import database_url, session
from tests.site import Site, request, serving, until

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 60
PASSWORD = "a long password"


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(database_url(), tmp_path_factory.mktemp("site"), BEHIND_PROXY="true") as site:
        yield site


def log_in(site: Site, email: str, password: str, address: str) -> int:
    """From this address, as the proxy in front of the site reports it."""
    login = f"{site.address}/admin/login/"
    with requests.Session() as browser:
        browser.trust_env = False
        # What the client itself sends comes first, and counts for nothing.
        browser.headers["X-Forwarded-For"] = f"10.{time.time_ns() % 250}.0.1, {address}"
        browser.get(login, timeout=SECONDS)
        typed = {"username": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        return browser.post(login, data=typed, timeout=SECONDS, allow_redirects=False).status_code


def test_guesses_are_limited_over_all_processes_and_by_the_clients_own_address(owner: Business, site: Site) -> None:
    User.objects.filter(pk=owner.id).update(password=make_password(PASSWORD), is_staff=True)
    email = owner.user.email
    answers = [log_in(site, email, f"wrong {number}", "192.0.2.1") for number in range(12)]
    assert answers == [200] * 10 + [429] * 2
    assert log_in(site, email, PASSWORD, "192.0.2.1") == 429
    assert log_in(site, email, PASSWORD, "192.0.2.2") == 302
    log = site.log()
    assert "192.0.2.1" in log
    assert "login_failed" in log
    assert "login_locked" in log
    assert email not in log


@contextmanager
def attackers(site: Site, count: int) -> Iterator[list[int]]:
    """Programs that log in without a pause, each from its own address, so that no limit of an address applies."""
    ended = threading.Event()
    answers: list[int] = []

    def attack(number: int) -> None:
        tries = 0
        while not ended.is_set():
            tries += 1
            answers.append(log_in(site, f"p{number}-{tries}@shop.example", "wrong", f"192.0.{number}.{tries % 250}"))

    threads = [threading.Thread(target=attack, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_logins_take_one_thread_of_a_process(owner: Business, site: Site) -> None:
    """24 programs that log in: before, reads took 5 to 27 s."""
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    assert site.post_lead(owner.api_key, ORDER).status_code == 201
    took = []
    with attackers(site, 24) as answers:
        end = time.monotonic() + 8
        while time.monotonic() < end:
            before = time.monotonic()
            assert requests.get(f"{site.address}/api/leads", headers=headers, timeout=SECONDS).status_code == 200
            took.append(time.monotonic() - before)
    assert set(answers) <= {200, 503}
    assert max(took) < 2


def test_logins_that_wait_leave_the_threads_to_others(owner: Business, site: Site) -> None:
    """Each is held up before its password is hashed, for as long as the lock is there: of a process one in a thread."""
    headers = {"Authorization": f"Bearer {owner.api_key}", "X-Forwarded-For": "203.0.113.9"}
    clients = 24
    with ThreadPoolExecutor(clients) as attackers:
        with session() as holder:
            holder.execute("LOCK TABLE login_attempts")
            answers = [
                attackers.submit(log_in, site, f"p{number}@shop.example", "wrong", f"192.0.2.{number}")
                for number in range(clients)
            ]
            # No more of them are in threads now than there are.
            until(lambda: sum(answer.done() for answer in answers) >= clients - 2 * 5, site.log)
            for _ in range(20):
                assert request("GET", f"{site.address}/api/leads", headers=headers).status_code == 200
        assert {answer.result() for answer in answers} <= {200, 503}
