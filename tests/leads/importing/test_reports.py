"""What is counted of the rows of files."""

from uuid import uuid4

from leads.importing.batches import Counts, Loaded
from leads.importing.reports import report_rows
from leads.models import ImportRun
from leadsite.core import metrics


def test_rows_are_counted_by_what_became_of_them() -> None:
    def counted() -> list[float]:
        return [metrics.IMPORT_ROWS.labels(name)._value.get() for name in ("created", "updated", "skipped", "failed")]

    before = counted()
    counts = Counts(read=10, created=4, updated=3, skipped=2, failed=1)
    report_rows(ImportRun(user_id=uuid4()), Loaded(counts, [], []))
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [4, 3, 2, 1]
