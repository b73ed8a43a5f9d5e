"""The worker's side of an uploaded file: interrupted, killed, done and forgotten."""

import pytest

from leads.importing import upload_worker
from leads.models import ImportFile, ImportRun
from tests.factories import Business
from tests.leads.uploading import CHOSEN, decide, let_worker_work, the_run, upload
from tests.staff import Staff, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_a_worker_that_ends_leaves_the_rest_to_the_next(staff, monkeypatch):
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    upload_worker.process_upload(the_run().pk, should_stop=lambda: True)
    assert (the_run().state, the_run().read) == ("waiting", 1)
    let_worker_work()
    assert (the_run().state, the_run().read) == ("finished", 3)


def test_what_a_killed_worker_left_is_taken_up_but_not_for_ever(staff):
    upload(staff)
    decide(staff, "import", **CHOSEN)
    ImportRun.objects.update(state="running", progress=0.5)
    let_worker_work()
    assert the_run().state == "running"

    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z", attempts=upload_worker.MAX_ATTEMPTS - 1)
    let_worker_work()
    assert the_run().state == "failed"
    assert "workers were killed" in the_run().error

    decide(staff, "resume")
    let_worker_work()
    assert the_run().state == "finished"


def test_files_are_forgotten_after_a_week(staff):
    upload(staff)
    upload_worker.prune_uploads()
    assert ImportFile.objects.exists()
    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z")
    upload_worker.prune_uploads()
    assert not ImportRun.objects.exists()
    assert not ImportFile.objects.exists()
