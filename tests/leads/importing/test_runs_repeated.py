"""Whole files and dry runs, which are repeated as other transactions are: here after a lock time-out."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from leads.models import Lead
from tests.factories import Business
from tests.leads.importing.operator import HEADER, counts, import_leads, write
from tests.leads.importing.test_runs import ROWS
from tests.sessions import lock_customer, session

pytestmark = pytest.mark.django_db(transaction=True)
BRUNO = "+4915100000002"


@pytest.fixture(autouse=True)
def short_lock_timeout(db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '10ms'")
        yield
        cursor.execute("RESET lock_timeout")


@contextmanager
def until_the_first_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session whose locks end when the command has tried once, and waits."""
    with session() as other:
        monkeypatch.setattr("leadsite.core.transactions.time.sleep", lambda seconds: other.commit())
        yield other


@pytest.mark.parametrize("option", ["--atomic", "--dry-run"])
@pytest.mark.parametrize("on_duplicate", ["skip", "create", "update"])
def test_it_is_repeated_from_its_beginning(
    owner: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, on_duplicate: str
) -> None:
    owner.has_lead(customer_phone=BRUNO, type="inquiry")
    file = write(tmp_path / "a.csv", *ROWS)
    with until_the_first_pause(monkeypatch) as other:
        lock_customer(other, owner.id, BRUNO)
        result = import_leads(owner, file, option, "--batch-size", 1, "--on-duplicate", on_duplicate)
    assert (result.error, result.counts) == ("", counts(created=2))
    assert Lead.objects.count() == (3 if option == "--atomic" else 1)


def test_the_rows_of_a_repeated_whole_file_are_refused_once(
    owner: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    owner.has_lead(customer_phone=BRUNO)
    file, errors = write(tmp_path / "a.csv", "12,Eve,order,x,", *ROWS), tmp_path / "errors.csv"
    with until_the_first_pause(monkeypatch) as other:
        lock_customer(other, owner.id, BRUNO)
        result = import_leads(owner, file, "--atomic", "--batch-size", 1, "--errors", errors)
    assert "1 of 3 rows were refused, so nothing was stored." in result.error
    assert errors.read_text().count("Eve") == 1


def test_a_repeated_batch_of_a_dry_run_finds_what_the_batches_before_it_have_left(
    owner: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second batch changes a lead of the first one, and fails then: at a lead that somebody holds."""
    held = owner.has_lead(customer_phone=BRUNO, external_id="B").lead_id
    rows = ("+4915100000001,Amina,order,Cake,A", "+4915100000003,Cem,order,Tea,C")
    again = ("+4915100000001,Amina,order,Bread,A", f"{BRUNO},Bruno,order,Milk,B")
    with until_the_first_pause(monkeypatch) as other:
        other.execute("SELECT FROM leads WHERE id = %s FOR UPDATE", [held])
        file = write(tmp_path / "a.csv", *rows, *again)
        result = import_leads(owner, file, "--dry-run", "--batch-size", 2, "--on-duplicate", "update")
    assert (result.error, result.counts) == ("", counts(created=2, updated=2))


def test_standard_input_cannot_be_read_again_and_the_command_says_that_nothing_was_stored(
    owner: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.has_lead(customer_phone=BRUNO)
    text = "\n".join((HEADER, *ROWS)).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    with until_the_first_pause(monkeypatch) as other:
        lock_customer(other, owner.id, BRUNO)
        result = import_leads(owner, "-", "--atomic", "--batch-size", 1)
    assert result.code == 2
    assert "Nothing was stored: run the command again." in result.error
    assert Lead.objects.count() == 1
