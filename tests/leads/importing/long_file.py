"""Runs an import of many rows in a separate process, and checks the rows afterwards."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conversations.models import Conversation
from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leads.importing.operator import write
from tests.leadsite.workers import NAME, variables
from tests.sessions import session
from tests.site import REPOSITORY, until

ROWS = 12_000
BATCH = 100


def phone(number: int) -> str:
    return f"+49151{number:08}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A shuffled file in which one row in twenty is repeated and one in a hundred is invalid."""
    rows = [f"{phone(n)},Customer {n},order,Cake {n}," for n in range(ROWS)]
    rows += rows[::20] + ["12,Nobody,order,Cake,"] * (ROWS // 100)
    random.Random(6).shuffle(rows)
    return write(tmp_path / "old.csv", *rows)


@pytest.fixture(autouse=True)
def no_sessions_left(db: None) -> Iterator[None]:
    """Wait after the test until no session of a killed process is left: PostgreSQL notices a little later."""
    yield
    with session() as observer:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        until(lambda: observer.execute(query, [NAME]).fetchone() == (0,), lambda: "A killed import has a session left.")


def importing(owner: Business, file: Path, tmp_path: Path, *options: str) -> "subprocess.Popen[str]":
    arguments = ["import_leads", str(file), "--user", owner.user.email, "--json", f"--batch-size={BATCH}", *options]
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=variables(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows_read() -> int:
    return sum(ImportRun.objects.values_list("read", flat=True))


def assert_each_row_once(owner: Business) -> None:
    assert Lead.objects.filter(user=owner.user, source="import").count() == ROWS
    assert len(set(Lead.objects.filter(source="import").values_list("details", flat=True))) == ROWS
    run = ImportRun.objects.get()
    assert (run.state, run.created, run.skipped, run.failed) == ("finished", ROWS, ROWS // 20, ROWS // 100)
    assert run.refusals.count() == run.failed
    assert not Conversation.objects.filter(leads=None, messages=None).exists()
