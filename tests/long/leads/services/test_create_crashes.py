"""Processes are killed while clients create leads. A client repeats what was not answered, by its external id.

Afterwards every lead that anybody was told of is there, once, with its conversation.
"""

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from leadsite.demo.embedded import EmbeddedPostgres
from tests.factories import ORDER
from tests.site import Site, environment, manage, serving, until

CLIENTS = 6
CUSTOMERS = 7  # few, so that clients meet at one customer
SOME = 40
BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Installation:
    """A site with a database cluster of its own, and one business."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = EmbeddedPostgres(data_dir)
        self.database.start()
        env = environment(data_dir, DATABASE_URL=self.database.url, SECRET_KEY="a secret of this test", HTTPS="false")
        migrated = manage("migrate", "--verbosity=0", env=env)
        assert migrated.returncode == 0, migrated.stderr
        business = manage("create_business", "--email=owner@bakery.example", "--json", env=env)
        assert business.returncode == 0, business.stderr
        self.api_key = json.loads(business.stdout)["api_key"]

    def postmaster(self) -> int:
        return int((self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.url) as session:
            return session.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data_dir = tmp_path_factory.mktemp("d")
    try:
        yield Installation(data_dir)
    finally:
        EmbeddedPostgres(data_dir).stop()


class Ledger:
    """What the clients sent, and what they were told."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, tuple[str, str]] = {}  # external id -> lead and conversation, of a 201
        self.found_made: set[str] = set()  # 200 after an attempt without an answer: that attempt had made the lead
        self.cut = 0  # connections refused, or broken before the answer
        self.refused = 0  # 503
        self.surprises: list[str] = []

    def deliver(self, send: Callable[[str], requests.Response], external_id: str) -> None:
        """Send one lead until its fate is known."""
        attempts = 0

        def settled() -> bool:
            nonlocal attempts
            attempts += 1
            try:
                answer = send(external_id)
            except BROKEN:
                self.cut += 1
                return False
            return self.enter(external_id, answer, in_doubt=attempts > 1)

        until(settled, lambda: f"{external_id} was sent {attempts} times")

    def enter(self, external_id: str, answer: requests.Response, *, in_doubt: bool) -> bool:
        """Whether the answer says what became of the lead. 503 does not: the database may have gone after COMMIT."""
        if answer.status_code == 503:
            self.refused += 1
            return False
        if answer.status_code == 201:
            self.acknowledged[external_id] = (answer.json()["lead_id"], answer.json()["conversation_id"])
        elif answer.status_code == 200 and in_doubt:
            self.found_made.add(external_id)
        else:
            self.surprises.append(f"{external_id}: {answer.status_code} {answer.text}")
        return True

    @contextmanager
    def felt(self) -> Iterator[None]:
        """What happens in the block is felt by clients: wait until it is."""
        before = self.cut + self.refused
        yield
        until(lambda: self.cut + self.refused > before, lambda: f"nobody noticed: {vars(self)}")

    def await_more(self) -> None:
        """Wait until the site has taken some more leads."""
        goal = len(self.acknowledged) + SOME
        until(lambda: len(self.acknowledged) >= goal or self.surprises, lambda: f"no leads taken: {vars(self)}")


@contextmanager
def clients(installation: Installation, site: Site, name: str) -> Iterator[Ledger]:
    """Clients that create one lead after the other until the block ends; then each settles its last one."""
    ledger, closing_time = Ledger(), threading.Event()

    def send(external_id: str) -> requests.Response:
        phone = f"+4915112345{int(external_id.rpartition('-')[2]) % CUSTOMERS:03d}"
        return site.post_lead(installation.api_key, ORDER | {"customer_phone": phone, "external_id": external_id})

    def work(client: int) -> None:
        for number in itertools.count():
            if closing_time.is_set():
                return
            ledger.deliver(send, f"{name}-{client}-{number}")

    with ThreadPoolExecutor(CLIENTS) as pool:
        workers = [pool.submit(work, client) for client in range(CLIENTS)]
        try:
            yield ledger
        finally:
            closing_time.set()
    for worker in workers:
        worker.result()


def assert_books_agree(installation: Installation, ledger: Ledger, name: str) -> None:
    assert ledger.surprises == []
    leads = installation.rows(
        "SELECT external_id, leads.id::text, conversation_id::text FROM leads"
        " JOIN conversations ON conversations.id = conversation_id AND conversations.user_id = leads.user_id"
        f" WHERE external_id LIKE '{name}-%'"
    )
    stored = {external_id: (lead, conversation) for external_id, lead, conversation in leads}
    assert len(stored) == len(leads)
    assert stored.items() >= ledger.acknowledged.items()
    assert stored.keys() == ledger.acknowledged.keys() | ledger.found_made
    assert installation.rows("SELECT id FROM leads WHERE conversation_id NOT IN (SELECT id FROM conversations)") == []
    assert installation.rows("SELECT id FROM conversations WHERE id NOT IN (SELECT conversation_id FROM leads)") == []
    assert installation.rows("SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM conversations)") == []
    assert installation.rows("SELECT customer_id FROM conversations GROUP BY 1 HAVING count(*) > 1") == []


def test_no_lead_is_lost_or_doubled_when_the_web_server_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "web") as ledger:
        for _ in range(2):
            ledger.await_more()

            with ledger.felt():
                site.kill9()
            site.start()
        ledger.await_more()

    assert_books_agree(installation, ledger, "web")


def test_no_lead_is_lost_or_doubled_when_one_worker_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "worker") as ledger:
        ledger.await_more()
        victim = min(site.workers())

        os.kill(victim, signal.SIGKILL)

        until(lambda: len(site.workers() - {victim}) == 2)
        ledger.await_more()

    assert_books_agree(installation, ledger, "worker")


def test_no_lead_is_lost_or_doubled_when_the_database_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "database") as ledger:
        ledger.await_more()

        with ledger.felt():
            os.kill(installation.postmaster(), signal.SIGKILL)
        assert installation.database.start()
        ledger.await_more()

    assert_books_agree(installation, ledger, "database")


def test_no_lead_is_lost_or_doubled_when_one_backend_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "backend") as ledger:
        ledger.await_more()
        ((backend,),) = installation.rows(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1"
        )

        with ledger.felt():
            # PostgreSQL ends all its other sessions too, and recovers.
            os.kill(backend, signal.SIGKILL)
        ledger.await_more()

    assert_books_agree(installation, ledger, "backend")
