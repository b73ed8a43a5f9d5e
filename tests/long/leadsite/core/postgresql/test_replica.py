"""A site with a streaming replica: who reads from it, who must not, and what its faults cost."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from django.contrib.auth.hashers import make_password

from tests.factories import ORDER
from tests.replica import Replica, execute, primary_with_replica
from tests.site import Site, environment, manage, request, serving, until

PASSWORD = "correct horse battery"
COUNTED = re.compile(r'^leadsite_replica_reads_total\{outcome="(\w+)"\} ([0-9.]+)$', re.MULTILINE)
# As another program does that the site does not know of: nothing is noted for the business.
INSERT = "SELECT create_lead_with_conversation(%s::uuid, %s::text, 'Ada', 'order')"


@dataclass(frozen=True)
class Business:
    """A business as its programs and its staff use it, through the site."""

    site: Site
    id: str
    email: str
    api_key: str

    def create(self, phone: str) -> str:
        answer = self.site.post_lead(self.api_key, ORDER | {"customer_phone": phone})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["lead_id"])

    def get(self, path: str) -> Any:
        answer = request("GET", self.site.address + path, headers={"Authorization": f"Bearer {self.api_key}"})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}\n{self.site.log()[-3000:]}"
        return answer.json()

    def leads(self, query: str = "") -> list[str]:
        return [lead["id"] for lead in self.get(f"/api/leads?page_size=200{query}")["results"]]

    def browser(self) -> requests.Session:
        """A browser in which the business has logged in to the admin."""
        browser = requests.Session()
        browser.trust_env = False
        browser.get(f"{self.site.address}/admin/login/")
        typed = {"username": self.email, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        page = browser.post(f"{self.site.address}/admin/login/", data=typed)
        assert "/login/" not in page.url
        return browser


@dataclass(frozen=True)
class Stage:
    site: Site
    replica: Replica
    bakery: Business
    florist: Business

    def counted(self) -> dict[str, int]:
        """Where lists were read, by the number of lists."""
        text = request("GET", f"{self.site.address}/metrics").text
        return {outcome: int(float(number)) for outcome, number in COUNTED.findall(text)}

    def reads_from_replica(self, business: Business) -> bool:
        """Read a list; whether the replica has answered."""
        before = self.counted()["replica"]
        business.leads()
        return self.counted()["replica"] > before

    def await_replica(self) -> None:
        """Wait until lists of both come from the replica."""
        for business in (self.bakery, self.florist):
            until(partial(self.reads_from_replica, business), lambda: str(self.counted()))

    def is_ready(self) -> bool:
        return request("GET", f"{self.site.address}/readyz").status_code == 200


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("r")
    with primary_with_replica(folder) as replica:
        url = replica.primary.url
        env = environment(folder, DATABASE_URL=url, LEADSITE_DEMO="true")
        migrated = manage("migrate", env=env)
        assert migrated.returncode == 0, migrated.stderr
        variables = {"DATABASE_REPLICA_URL": replica.url, "DATABASE_WAIT_SECONDS": "4", "DATABASE_TIMEOUTS": "true"}
        with serving(url, folder, **variables) as site:
            bakery, florist = (make_business(site, url, env, name) for name in ("bakery", "florist"))
            yield Stage(site, replica, bakery, florist)


def make_business(site: Site, url: str, env: dict[str, str], name: str) -> Business:
    email = f"{name}@shop.example"
    made = manage("create_business", f"--email={email}", f"--name={name}", "--staff", "--json", env=env)
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    execute(url, "UPDATE users SET password = %s WHERE id = %s", make_password(PASSWORD), answer["user_id"])
    return Business(site, answer["user_id"], email, answer["api_key"])


@pytest.fixture(autouse=True)
def replica_follows(stage: Stage) -> None:
    stage.replica.catch_up()
    stage.await_replica()


def test_lists_come_from_the_replica_and_keys_from_the_primary(stage: Stage):
    created = stage.bakery.create("+4915100000001")
    conversation = stage.bakery.get(f"/api/leads/{created}")["conversation_id"]
    stage.await_replica()
    before = len(stage.replica.log())
    assert created in stage.bakery.leads()
    assert created in stage.bakery.leads("&q=John")
    for path in ("/api/conversations", "/api/customers", f"/api/conversations/{conversation}/messages"):
        stage.bakery.get(path)
    asked = stage.replica.log()[before:]
    for table in ("leads", "conversations", "customers", "messages"):
        assert f'FROM "{table}"' in asked, asked
    # The people whose rows they are may be joined; who sends the request is not looked up there.
    for table in ("api_keys", "sessions", "memberships", "request_allowances", "last_writes"):
        assert table not in asked


def test_pages_of_the_admin_come_from_the_replica(stage: Stage):
    browser = stage.bakery.browser()
    stage.bakery.create("+4915100000002")
    pages = ["leads/lead/", "conversations/conversation/", "conversations/customer/", "inbox/board/", "overview/"]
    pages += ["leads/lead/?q=john", "conversations/message/"]
    for page in pages:
        stage.await_replica()
        before = stage.counted()["replica"]
        answer = browser.get(f"{stage.site.address}/admin/{page}")
        assert answer.status_code == 200, (page, answer.status_code, stage.site.log()[-3000:])
        assert stage.counted()["replica"] == before + 1, (page, stage.counted())


def test_an_export_is_read_from_the_replica(stage: Stage):
    browser = stage.bakery.browser()
    own, other = stage.bakery.create("+4915100000003"), stage.florist.create("+4915100000004")
    address = f"{stage.site.address}/admin/exports/new/lead/"
    stage.await_replica()
    before = stage.counted()["replica"]
    typed = {"format": "csv", "columns": ["id"], "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answer = browser.post(address, data=typed, headers={"Referer": address})
    assert answer.headers["Content-Type"].startswith("text/csv"), answer.text
    assert stage.counted()["replica"] == before + 1
    assert own in answer.text
    assert other not in answer.text


def test_who_has_written_sees_it_while_the_replica_replays_nothing(stage: Stage):
    browser = stage.bakery.browser()
    stage.await_replica()
    of_florist = stage.florist.leads()
    with stage.replica.held_back():
        for number in range(6):
            created = stage.bakery.create(f"+49151000001{number:02d}")
            # Each over a new connection, so by any of the two processes.
            for _ in range(3):
                assert created in stage.bakery.leads()
            assert created in browser.get(f"{stage.site.address}/admin/leads/lead/").text
        assert stage.florist.leads() == of_florist
    stage.await_replica()
    assert created in stage.bakery.leads()


def test_a_page_shows_what_its_form_has_just_written(stage: Stage):
    browser = stage.florist.browser()
    moved = stage.florist.create("+4915100000300")
    board = f"{stage.site.address}/admin/inbox/board/"
    qualified = f"{stage.site.address}/admin/leads/lead/?status__exact=qualified"
    stage.await_replica()
    assert moved not in browser.get(qualified).text
    with stage.replica.held_back():
        typed = {"status": "qualified", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert browser.post(f"{board}{moved}/", data=typed, headers={"Referer": board}).url == board
        assert moved in browser.get(qualified).text


def test_everybody_sees_what_is_older_than_the_lag_allowed(stage: Stage):
    """Written by a client in SQL, which nothing is noted of; the replica does not go on."""
    with stage.replica.held_back():
        execute(stage.replica.primary.url, INSERT, stage.florist.id, "+4915100000400")
        until(lambda: stage.florist.leads("&customer_phone=%2B4915100000400"), lambda: str(stage.counted()))
        assert stage.counted()["lagging"] > 0


def test_writers_of_two_businesses_see_their_own_at_once(stage: Stage):
    """Under load, with a replica that follows as fast as it can; 0 reads without the own write, none of the other's."""

    def work(business: Business, thread: int) -> list[str]:
        own = []
        for number in range(25):
            own.append(business.create(f"+49152{thread:02d}{number:05d}"))
            assert own[-1] in business.leads()
        return own

    with ThreadPoolExecutor(4) as pool:
        parts = [
            pool.submit(work, business, thread)
            for thread, business in enumerate((stage.bakery, stage.bakery, stage.florist, stage.florist))
        ]
        one, two, three, four = (part.result() for part in parts)
    assert not set(stage.florist.leads()) & {*one, *two}
    assert not set(stage.bakery.leads()) & {*three, *four}


@pytest.mark.parametrize("fault", ["killed", "suspended"])
def test_lists_are_answered_while_the_replica_is_away(stage: Stage, fault: str):
    of_bakery = stage.bakery.leads()
    before = stage.counted()["failed"]

    def lists() -> None:
        # Until two requests have met it, after a pause; none of them has waited for longer than DATABASE_WAIT_SECONDS.
        until(lambda: stage.bakery.leads() == of_bakery and stage.counted()["failed"] >= before + 2)
        assert stage.bakery.create(f"+4915100000{500 + before:03d}") in stage.bakery.leads()
        assert stage.is_ready()

    if fault == "killed":
        stage.replica.kill9()
        lists()
        stage.replica.start()
    else:
        with stage.replica.suspended():
            lists()
    stage.await_replica()
    assert "replica_answers_again" in stage.site.log()


def test_a_query_that_the_replica_cancels_is_answered_by_the_primary(stage: Stage):
    """The replay of a table's lock, which an ALTER TABLE takes, ends the query that reads the table."""
    of_bakery = stage.bakery.leads()
    execute(stage.replica.url, "ALTER SYSTEM SET max_standby_streaming_delay = 0")
    execute(stage.replica.url, "SELECT pg_reload_conf()")
    try:
        with psycopg.connect(stage.replica.primary.url) as session:
            session.execute("LOCK TABLE leads IN ACCESS EXCLUSIVE MODE")
            session.execute("SELECT pg_log_standby_snapshot()" if session.info.server_version >= 160000 else "SELECT 1")
            held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND locktype = 'relation'"
            until(lambda: execute(stage.replica.url, held) != [(0,)], stage.replica.log)
            with stage.replica.held_back():
                session.rollback()
                assert stage.bakery.leads() == of_bakery
    finally:
        execute(stage.replica.url, "ALTER SYSTEM RESET max_standby_streaming_delay")
        execute(stage.replica.url, "SELECT pg_reload_conf()")
    stage.await_replica()


def test_a_server_that_is_no_replica_is_refused(stage: Stage, tmp_path: Path):
    primary = stage.replica.primary.url
    env = environment(tmp_path, DATABASE_URL=primary, LEADSITE_DEMO="true", DATABASE_REPLICA_URL=primary)
    checked = manage("check", "--database=default", env=env)
    assert checked.returncode == 1
    assert "(leadsite.E010) The server of DATABASE_REPLICA_URL is no standby" in checked.stderr
    env["DATABASE_REPLICA_URL"] = stage.replica.url
    checked = manage("check", "--database=default", env=env)
    assert checked.returncode == 0, checked.stderr


def test_a_replica_of_another_server_is_refused(stage: Stage, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("o")
    primary = stage.replica.primary.url
    stage.bakery.create("+4915100000800")  # also where another process has the tests before this one
    with primary_with_replica(folder) as other:
        env = environment(folder, DATABASE_URL=primary, LEADSITE_DEMO="true", DATABASE_REPLICA_URL=other.url)
        checked = manage("check", "--database=default", env=env)
        assert checked.returncode == 1
        assert "it has another system identifier" in checked.stderr
        with serving(primary, folder, DATABASE_REPLICA_URL=other.url) as site:
            business = Business(site, stage.bakery.id, stage.bakery.email, stage.bakery.api_key)
            assert business.leads() == stage.bakery.leads()
            until(lambda: business.leads() and "replica_refused" in site.log(), site.log)


def test_a_promoted_replica_is_refused(stage: Stage):
    """The last test: it follows no more, and has what the primary does not."""
    stage.bakery.create("+4915100000801")
    of_bakery = stage.bakery.leads()
    before = stage.counted()["refused"]
    execute(stage.replica.url, "SELECT pg_promote()")
    execute(stage.replica.url, INSERT, stage.bakery.id, "+4915100000900")
    until(lambda: stage.bakery.leads() and stage.counted()["refused"] > before, stage.site.log)
    assert stage.bakery.leads() == of_bakery
