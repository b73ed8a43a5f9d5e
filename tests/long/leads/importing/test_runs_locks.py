"""A whole file and another import that need the same customers in opposite orders."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from leads.importing import runs
from leads.models import Lead
from tests.factories import Business
from tests.leads.importing.operator import CommandResult, counts, import_leads, run, write
from tests.sessions import looked_for_deadlock, processes, session, waiting
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = ("+4915100000001,Amina,order,Cake,", "+4915100000002,Bruno,order,Bread,")


@contextmanager
def meeting(monkeypatch: pytest.MonkeyPatch, *command: Any) -> Iterator[list[Future[CommandResult]]]:
    """The command begins, in another process, after the first batch of the whole file that the block imports."""
    started: list[Future[CommandResult]] = []

    def start(tables: object) -> None:
        if not started:
            started.append(pool.submit(run, *command))
            until(lambda: waiting(observer) == 1)
            until(lambda: looked_for_deadlock(observer))

    monkeypatch.setattr(runs, "analyze_grown", start)
    with processes(1) as pool, session() as observer:
        yield started


@pytest.mark.parametrize("other", [(), ("--atomic",), ("--dry-run",)], ids=["batches", "atomic", "dry run"])
def test_a_whole_file_is_stored_beside_another_import(
    owner: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: tuple[str, ...]
) -> None:
    """The other one begins after the first batch of the whole file, and would lock the customer of the second."""
    backwards, forwards = write(tmp_path / "a.csv", *reversed(ROWS)), write(tmp_path / "b.csv", *ROWS)
    with meeting(monkeypatch, "import_leads", forwards, "--user", owner.user.email, *other) as started:
        whole = import_leads(owner, backwards, "--atomic", "--batch-size", 1)
        beside = started[0].result()
    assert (whole.error, whole.counts) == ("", counts(created=2))
    assert (beside.error, beside.counts) == ("", counts(skipped=2))
    assert Lead.objects.count() == 2


def test_a_whole_file_is_stored_beside_an_undo(
    owner: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone = import_leads(owner, write(tmp_path / "b.csv", *ROWS)).summary["run"]
    file = write(tmp_path / "a.csv", *(row.replace("order", "booking") for row in reversed(ROWS)))
    with meeting(monkeypatch, "undo_import", undone) as started:
        whole = import_leads(owner, file, "--atomic", "--batch-size", 1)
        beside = started[0].result()
    assert (whole.error, whole.counts) == ("", counts(created=2))
    assert Lead.objects.filter(type="booking").count() == 2
    assert beside.error == "" or "stay" in beside.error
