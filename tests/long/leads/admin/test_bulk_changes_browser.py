"""Staff change 150,000 leads in a real browser, with a real web server and worker, while other requests are served.

Screenshots are in tmp_path.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.db import connection
from playwright.sync_api import ViewportSize

from conversations.models import Customer
from leads.models import BulkChange, Lead
from leadsite.accounts.services import create_business
from tests.browser import PHONE, Window, open_window
from tests.factories import Business
from tests.leadsite.workers import working
from tests.sessions import database_url
from tests.site import Site, request, serving
from tests.staff import address

PASSWORD = "correct horse battery"
LEADS = 150_000
CONVERTED = LEADS // 100  # they cannot become contacted
P99_SECONDS = 0.3  # on a machine that has nothing else to do
IDLE_MS = 10_000
MEGABYTE = 2**20

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(owner) -> Business:
    """A business whose staff can log in."""
    return Business(create_business(email=owner.user.email, password=PASSWORD, staff=True))


def fill(business: Business) -> None:
    """Insert the leads by SQL; one in a hundred is converted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers (user_id, phone, name)"
            " SELECT %s, '+4915' || lpad(n::text, 9, '0'), 'Kundin ' || n FROM generate_series(1, %s) AS n",
            [business.id, LEADS],
        )
        cursor.execute(
            "INSERT INTO conversations (user_id, customer_id, status) SELECT user_id, id, 'active' FROM customers"
        )
        cursor.execute(
            "INSERT INTO leads (user_id, conversation_id, type, status, source, details) SELECT user_id, id, 'order',"
            " CASE WHEN row_number() OVER () % 100 = 0 THEN 'converted' ELSE 'new' END, 'sql', 'Torte'"
            " FROM conversations"
        )
        cursor.execute("ANALYZE customers, conversations, leads")


class Others:
    """A client that creates leads, reads lists and changes leads, and measures how long each request takes."""

    def __init__(self, site: Site, business: Business) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self._site, self._key = site, business.api_key
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def served(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(60)

    def p99(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[98]

    def _run(self) -> None:
        n = 0
        while not self._stop.wait(0.02):
            n += 1
            body = {"customer_phone": f"+4916{n:09d}", "customer_name": "Neu", "type": "order"}
            lead = self._call("POST", "/api/leads", json=body)["lead_id"]
            self._call("GET", "/api/leads?status=new")
            self._call("PATCH", f"/api/leads/{lead}", json={"details": "Newer"})

    def _call(self, method: str, path: str, **options: object) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._key}"}
        start = time.monotonic()
        answer = request(method, self._site.address + path, headers=headers, **options)
        self.seconds.append(time.monotonic() - start)
        self.statuses.add(answer.status_code)
        return dict(answer.json())


def memory_of(site: Site) -> int:
    return max(psutil.Process(pid).memory_info().rss for pid in site.workers())


def act_on_all(window: Window, query: str, action: str) -> None:
    page = window.page
    window.open(f"{address('changelist', Lead)}?{query}")
    page.locator("#action-toggle").check()
    page.locator(".question a").click()
    page.locator("select[name=action]").select_option(label=action)
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name=f"{action}: ").click()
    page.locator("[data-import-progress]").wait_for()


def note_figures(folder: Path, took: float, p99: list[float], before: int, after: int) -> None:
    idle, others, same = (f"{seconds * 1000:.0f} ms" for seconds in p99)
    lines = [f"{took:.0f} s", f"p99 {idle} before; meanwhile another business {others}, the business {same}"]
    lines.append(f"web worker {before / MEGABYTE:.0f} MB before, {after / MEGABYTE:.0f} MB after")
    (folder / "figures.txt").write_text("\n".join(lines))


def test_staff_change_and_assign_150_000_leads_while_others_are_served(people, stranger, tmp_path: Path):
    fill(people)
    with serving(database_url(), tmp_path, DATABASE_TIMEOUTS="true") as site, working(tmp_path):
        idle, others, same = Others(site, stranger), Others(site, stranger), Others(site, people)
        with open_window(site.address) as window:
            page = window.page
            window.log_in(people.user.email, PASSWORD)
            for _ in range(6):  # both workers have shown the list
                window.open(address("changelist", Lead))
            before = memory_of(site)
            page.screenshot(path=tmp_path / "1-list.png")
            with idle.served():
                page.wait_for_timeout(IDLE_MS)
            with others.served(), same.served():
                start = time.monotonic()
                act_on_all(window, "status__exact=new&source__exact=sql", "Mark as contacted")
                page.get_by_text("leads/s").wait_for()
                page.screenshot(path=tmp_path / "2-progress.png", full_page=True)
                page.get_by_role("button", name="Undo").wait_for()
                took = time.monotonic() - start
                page.screenshot(path=tmp_path / "3-finished.png", full_page=True)
                act_on_all(window, "source__exact=sql", "Assign to me")
                page.get_by_role("button", name="Undo").wait_for()
                page.screenshot(path=tmp_path / "4-assigned.png", full_page=True)
            after = memory_of(site)
            window.open(address("changelist", BulkChange))
            page.screenshot(path=tmp_path / "5-changes.png", full_page=True)
            page.set_viewport_size(ViewportSize(width=PHONE["width"], height=PHONE["height"]))
            page.get_by_role("link", name="Status: contacted").first.click()
            page.get_by_role("button", name="Undo").wait_for()
            page.screenshot(path=tmp_path / "6-phone.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            assert window.errors == []
    note_figures(tmp_path, took, [one.p99() for one in (idle, others, same)], before, after)

    marked, assigned = BulkChange.objects.order_by("pk")
    assert (marked.state, marked.total, marked.changed) == ("finished", LEADS - CONVERTED, LEADS - CONVERTED)
    assert (assigned.state, assigned.total, assigned.changed) == ("finished", LEADS, LEADS)
    assert Lead.objects.filter(source="sql", assigned_to=people.user).count() == LEADS
    assert Lead.objects.filter(source="sql", status="contacted").count() == LEADS - CONVERTED
    assert not Lead.objects.filter(source="api", status="contacted").exists()
    assert Customer.objects.filter(user=people.user).count() > LEADS
    assert others.statuses == same.statuses == {200, 201}
    assert max(others.p99(), same.p99()) < max(P99_SECONDS, 2 * idle.p99())
    assert after - before < 20 * MEGABYTE
