"""Connections that have planned their statements while the tables were small and analysed, and an import meanwhile.

Counts rows read by sequential scans, which do not depend on the machine's speed.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from leads.models import Lead
from tests.factories import ORDER, Business
from tests.leadsite.workers import variables
from tests.rows_scanned import analyze, rows_scanned, with_autovacuum, without_autovacuum
from tests.site import REPOSITORY
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.meta import text

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 30_000


@pytest.fixture(autouse=True)
def late_autovacuum() -> Iterator[None]:
    without_autovacuum()
    yield
    with_autovacuum()


def manage(tmp_path: Path, *arguments: object) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=REPOSITORY,
        env=variables(tmp_path),
        check=True,
        capture_output=True,
    )


def a_list(path: Path, rows: int = ROWS) -> Path:
    lines = (f"+49151{number:08d},Name {number},order,Cake {number},order-{number}" for number in range(rows))
    path.write_text("Phone,Name,Type,Notes,External ID\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def a_day(owner: Business, inbox: Inbox, first: int) -> Callable[[], None]:
    """Deliveries of customers who are known, and are not; leads of them from a REST client."""

    def work() -> None:
        for number in range(first, first + 8):
            senders = [f"49151{number + 40 * step:08d}" for step in range(20)]
            inbox.gets(*(text(f"Hello {number}", from_=sender) for sender in senders))
            inbox.gets(text("Alone", from_=senders[0]))
            for sender in senders[:2]:
                client = APIClient(headers={"Authorization": f"Bearer {owner.api_key}"})
                body = ORDER | {"customer_phone": f"+{sender}", "external_id": f"{first}-{number}-{sender}"}
                assert client.post("/api/leads", body, format="json").status_code == 201

    return work


def test_an_import_leaves_other_connections_no_plans_of_small_tables(
    owner: Business, inbox: Inbox, tmp_path: Path
) -> None:
    a_day(owner, inbox, 0)()
    analyze()
    a_day(owner, inbox, 10)()
    manage(tmp_path, "import_leads", a_list(tmp_path / "leads.csv"), "--user", owner.user.email)
    assert Lead.objects.count() > ROWS
    assert rows_scanned(a_day(owner, inbox, 20)) < ROWS


def test_deliveries_alone_leave_no_such_plans(owner: Business, inbox: Inbox) -> None:
    a_day(owner, inbox, 0)()
    analyze()
    for first in range(1000, 4000, 100):
        inbox.gets(*(text("Hello", from_=f"49153{number:08d}") for number in range(first, first + 100)))
    assert rows_scanned(a_day(owner, inbox, 20)) < 3000
