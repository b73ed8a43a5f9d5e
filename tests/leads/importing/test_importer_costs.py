"""An import into empty tables without statistics reads a few rows for each row of the file, not all that it has stored.

The foreign keys' look-ups, by business and id, took an index of the business and another column, and so read all its
customers.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import Business
from tests.leads.importing.operator import counts, import_leads, write
from tests.rows_scanned import rows_visited, with_autovacuum, without_autovacuum

pytestmark = pytest.mark.django_db(transaction=True)

ROWS, BATCH = 3000, 500
A_FEW = 15


@pytest.fixture(autouse=True)
def late_autovacuum() -> Iterator[None]:
    without_autovacuum()
    yield
    with_autovacuum()


def a_list(path: Path, *, external_ids: bool, note: str = "Cake") -> Path:
    numbers = range(ROWS)
    return write(
        path, *(f"+49151{n:08d},Ana {n},order,{note} {n},{f'order-{n}' if external_ids else ''}" for n in numbers)
    )


@pytest.mark.parametrize("external_ids", [True, False])
@pytest.mark.parametrize("options", [[], ["--atomic"]], ids=["batches", "atomic"])
def test_an_import_reads_a_few_rows_for_each_row(
    owner: Business, tmp_path: Path, options: list[str], external_ids: bool
) -> None:
    file = a_list(tmp_path / "leads.csv", external_ids=external_ids)

    def work() -> None:
        assert import_leads(owner, file, f"--batch-size={BATCH}", *options).counts == counts(created=ROWS)

    assert rows_visited(work) < A_FEW * ROWS


def test_an_update_reads_a_few_rows_for_each_row(owner: Business, tmp_path: Path) -> None:
    import_leads(owner, a_list(tmp_path / "leads.csv", external_ids=True), f"--batch-size={BATCH}")
    file = a_list(tmp_path / "changed.csv", external_ids=True, note="Pie")

    def work() -> None:
        result = import_leads(owner, file, f"--batch-size={BATCH}", "--on-duplicate=update")
        assert result.counts == counts(updated=ROWS)

    assert rows_visited(work) < A_FEW * ROWS
