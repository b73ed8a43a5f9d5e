"""A worker is killed during an import from the admin, or a bulk change; the next one completes it without losses or
duplicates.
"""

import io
from pathlib import Path

import pytest

from leads.bulk.changes import start_bulk_change
from leads.importing import uploads
from leads.importing.batches import Options
from leads.models import BulkChange, ImportRun, Lead
from tests.factories import Business
from tests.leadsite.workers import SWEEP_BULK_CHANGES, SWEEP_IMPORTS, insert_job, once, working
from tests.site import until

ROWS = 30_000
CHANGED = 10_000

pytestmark = pytest.mark.django_db(transaction=True)


def test_another_worker_completes_the_import_of_a_killed_one(owner: Business, tmp_path: Path):
    rows = "".join(f"+49151{n:08d},Kundin {n},order\n" for n in range(ROWS))
    file = io.BytesIO(f"phone,name,type\n{rows}".encode())
    run = uploads.upload_file(user_id=owner.id, name="leads.csv", file=file, options=Options(), encoding=None)
    mine = ImportRun.objects.filter(pk=run.pk)
    with working(tmp_path) as worker:
        uploads.start_import(run=run)
        until(lambda: mine.filter(read__gt=0).exists(), worker.log)
        worker.kill9()
    run.refresh_from_db()
    assert run.state == "running"
    assert 0 < run.read < ROWS

    mine.update(updated_at="2026-01-01T00:00:00Z")
    insert_job("todo", task=SWEEP_IMPORTS)  # the killed worker has done this minute's periodic job
    once(tmp_path)

    run.refresh_from_db()
    assert (run.state, run.read, run.created, run.attempts) == ("finished", ROWS, ROWS, 0)
    assert Lead.objects.filter(user=owner.user).count() == ROWS


def test_another_worker_completes_the_bulk_change_of_a_killed_one(owner: Business, tmp_path: Path):
    owner.call_batch_function(
        [{"customer_phone": f"+49151{n:08d}", "customer_name": "A", "type": "order"} for n in range(CHANGED)]
    )
    change = start_bulk_change(person_id=owner.id, leads=Lead.objects.all(), values={"status": "contacted"})
    mine = BulkChange.objects.filter(pk=change.pk)
    with working(tmp_path) as worker:
        until(lambda: mine.filter(changed__gt=0).exists(), worker.log)
        worker.kill9()
    change.refresh_from_db()
    assert change.state == "running"
    assert 0 < change.changed < CHANGED

    mine.update(updated_at="2026-01-01T00:00:00Z")
    insert_job("todo", task=SWEEP_BULK_CHANGES)
    once(tmp_path)

    change.refresh_from_db()
    assert (change.state, change.changed) == ("finished", CHANGED)
    assert Lead.objects.filter(status="contacted", version=2).count() == CHANGED
