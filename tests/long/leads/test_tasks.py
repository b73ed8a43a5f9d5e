"""A worker is killed during an import from the admin; the next one completes it without losses or duplicates."""

import io
from pathlib import Path

import pytest

from leads.importing import uploads
from leads.importing.batches import Options
from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leadsite.workers import SWEEP_IMPORTS, insert_job, once, working
from tests.site import until

ROWS = 30_000

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
    assert (run.state, run.read, run.created, run.attempts) == ("finished", ROWS, ROWS, 1)
    assert Lead.objects.filter(user=owner.user).count() == ROWS
