"""Processes are killed while clients create leads. A client repeats a request without answer, by its external id.

Afterwards each acknowledged lead is stored once, with its conversation.
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
CUSTOMERS = 7  # few, so that clients create leads of the same customer
MORE_LEADS = 40
CONNECTION_LOST = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Installation:
    """A site with a separate database cluster and one business."""

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


class Answers:
    """The answers that the clients got."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, tuple[str, str]] = {}  # external id -> lead and conversation, of a 201
        self.found_existing: set[str] = set()  # 200 after an attempt without answer, which has created the lead
        self.disconnected = 0  # connections refused, or closed before the answer
        self.refused = 0  # 503
        self.unexpected: list[str] = []

    def send_until_answered(self, send: Callable[[str], requests.Response], external_id: str) -> None:
        """Send one lead until an answer says whether it was created."""
        attempts = 0

        def is_answered() -> bool:
            nonlocal attempts
            attempts += 1
            try:
                answer = send(external_id)
            except CONNECTION_LOST:
                self.disconnected += 1
                return False
            return self.record(external_id, answer, in_doubt=attempts > 1)

        until(is_answered, lambda: f"{external_id} was sent {attempts} times")

    def record(self, external_id: str, answer: requests.Response, *, in_doubt: bool) -> bool:
        """Record the answer; return whether it says that the lead is stored.

        503 does not: the database may have failed after COMMIT.
        """
        if answer.status_code == 503:
            self.refused += 1
            return False
        if answer.status_code == 201:
            self.acknowledged[external_id] = (answer.json()["lead_id"], answer.json()["conversation_id"])
        elif answer.status_code == 200 and in_doubt:
            self.found_existing.add(external_id)
        else:
            self.unexpected.append(f"{external_id}: {answer.status_code} {answer.text}")
        return True

    @contextmanager
    def awaiting_failure(self) -> Iterator[None]:
        """Wait after the block until a client has had a failure."""
        before = self.disconnected + self.refused
        yield
        until(lambda: self.disconnected + self.refused > before, lambda: f"no client had a failure: {vars(self)}")

    def await_more_leads(self) -> None:
        """Wait until the site has created MORE_LEADS more leads."""
        goal = len(self.acknowledged) + MORE_LEADS
        until(lambda: len(self.acknowledged) >= goal or self.unexpected, lambda: f"no leads created: {vars(self)}")


@contextmanager
def clients(installation: Installation, site: Site, name: str) -> Iterator[Answers]:
    """Clients that create one lead after another until the block ends, and complete their last one."""
    answers, stopping = Answers(), threading.Event()

    def send(external_id: str) -> requests.Response:
        phone = f"+4915112345{int(external_id.rpartition('-')[2]) % CUSTOMERS:03d}"
        return site.post_lead(installation.api_key, ORDER | {"customer_phone": phone, "external_id": external_id})

    def work(client: int) -> None:
        for number in itertools.count():
            if stopping.is_set():
                return
            answers.send_until_answered(send, f"{name}-{client}-{number}")

    with ThreadPoolExecutor(CLIENTS) as pool:
        workers = [pool.submit(work, client) for client in range(CLIENTS)]
        try:
            yield answers
        finally:
            stopping.set()
    for worker in workers:
        worker.result()


def assert_stored_as_answered(installation: Installation, answers: Answers, name: str) -> None:
    assert answers.unexpected == []
    leads = installation.rows(
        "SELECT external_id, leads.id::text, conversation_id::text FROM leads"
        " JOIN conversations ON conversations.id = conversation_id AND conversations.user_id = leads.user_id"
        f" WHERE external_id LIKE '{name}-%'"
    )
    stored = {external_id: (lead, conversation) for external_id, lead, conversation in leads}
    assert len(stored) == len(leads)
    assert stored.items() >= answers.acknowledged.items()
    assert stored.keys() == answers.acknowledged.keys() | answers.found_existing
    assert installation.rows("SELECT id FROM leads WHERE conversation_id NOT IN (SELECT id FROM conversations)") == []
    assert installation.rows("SELECT id FROM conversations WHERE id NOT IN (SELECT conversation_id FROM leads)") == []
    assert installation.rows("SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM conversations)") == []
    assert installation.rows("SELECT customer_id FROM conversations GROUP BY 1 HAVING count(*) > 1") == []


def test_no_lead_is_lost_or_duplicated_when_the_web_server_is_killed(
    installation: Installation, tmp_path: Path
) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "web") as answers:
        for _ in range(2):
            answers.await_more_leads()

            with answers.awaiting_failure():
                site.kill9()
            site.start()
        answers.await_more_leads()

    assert_stored_as_answered(installation, answers, "web")


def test_no_lead_is_lost_or_duplicated_when_one_worker_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "worker") as answers:
        answers.await_more_leads()
        victim = min(site.workers())

        os.kill(victim, signal.SIGKILL)

        until(lambda: len(site.workers() - {victim}) == 2)
        answers.await_more_leads()

    assert_stored_as_answered(installation, answers, "worker")


def test_no_lead_is_lost_or_duplicated_when_the_database_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "database") as answers:
        answers.await_more_leads()

        with answers.awaiting_failure():
            os.kill(installation.postmaster(), signal.SIGKILL)
        assert installation.database.start()
        answers.await_more_leads()

    assert_stored_as_answered(installation, answers, "database")


def test_no_lead_is_lost_or_duplicated_when_one_backend_is_killed(installation: Installation, tmp_path: Path) -> None:
    with serving(installation.database.url, tmp_path) as site, clients(installation, site, "backend") as answers:
        answers.await_more_leads()
        ((backend,),) = installation.rows(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1"
        )

        with answers.awaiting_failure():
            # PostgreSQL ends all other sessions too, and recovers.
            os.kill(backend, signal.SIGKILL)
        answers.await_more_leads()

    assert_stored_as_answered(installation, answers, "backend")
