"""How the worker processes an uploaded file: interruption, killed workers and deletion of old files."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from leads.importing import resume, upload_worker
from leads.importing.isolated.reading import read_first_rows
from leads.models import ImportFile, ImportRun
from leadsite.core import clock
from tests.factories import Business
from tests.leads.uploading import CHOSEN, decide, run_worker, the_run, upload
from tests.staff import Staff, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_a_worker_that_stops_leaves_the_rest_to_the_next(staff, monkeypatch):
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    upload_worker.process_upload(the_run().pk, should_stop=lambda: True)
    assert (the_run().state, the_run().read) == ("waiting", 1)
    run_worker()
    assert (the_run().state, the_run().read) == ("finished", 3)


class _Killed(BaseException):
    """The worker is killed."""


def kill() -> bool:
    raise _Killed


def _taken_over(stop: bool) -> Callable[[], bool]:
    """While this worker was suspended, another one has taken its run, and is importing it."""

    def should_stop() -> bool:
        ImportRun.objects.update(updated_at=clock.now() - 2 * resume.STALE)
        with suppress(_Killed):
            upload_worker.process_upload(the_run().pk, should_stop=kill)
        if stop:
            return True
        raise ValueError("The first worker has a fault.")

    return should_stop


@pytest.fixture
def importing(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> ImportRun:
    """A run that is imported row by row."""
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    return the_run()


def test_a_worker_that_was_overtaken_and_is_stopped_leaves_the_run_of_the_other_one(importing: ImportRun):
    upload_worker.process_upload(importing.pk, should_stop=_taken_over(stop=True))
    assert (the_run().state, the_run().read) == ("running", 2)


def test_a_worker_that_was_overtaken_and_fails_leaves_the_run_of_the_other_one(importing: ImportRun):
    with pytest.raises(ValueError, match="fault"):
        upload_worker.process_upload(importing.pk, should_stop=_taken_over(stop=False))
    assert (the_run().state, the_run().error, the_run().read) == ("running", "", 2)


def test_a_worker_ends_its_dry_run_when_staff_have_begun_another_one(staff: Staff, monkeypatch: pytest.MonkeyPatch):
    """The file may have been stopped, changed and tried again within one batch."""
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "try", **CHOSEN)

    def try_again() -> bool:
        decide(staff, "stop")
        decide(staff, "try", **CHOSEN | {"column-3": ""})
        return False

    upload_worker.process_upload(the_run().pk, should_stop=try_again)
    assert (the_run().state, the_run().trial, the_run().progress) == ("trying", None, None)
    run_worker()
    trial = the_run().trial
    assert trial is not None
    assert (the_run().state, trial["read"]) == ("preview", 3)


def test_the_run_of_a_killed_worker_is_continued_a_limited_number_of_times(staff):
    upload(staff)
    decide(staff, "import", **CHOSEN)
    ImportRun.objects.update(state="running", progress=0.5)
    run_worker()
    assert the_run().state == "running"

    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z", attempts=upload_worker.MAX_ATTEMPTS - 1)
    run_worker()
    assert the_run().state == "failed"
    assert "workers were killed" in the_run().error

    decide(staff, "resume")
    run_worker()
    assert the_run().state == "finished"


def test_workers_that_were_killed_after_they_had_stored_rows_do_not_count(importing: ImportRun):
    """A long file on which each worker gets further is not what kills them."""
    for rows in range(1, upload_worker.MAX_ATTEMPTS + 1):
        with suppress(_Killed):
            upload_worker.process_upload(importing.pk, should_stop=kill)
        assert (the_run().state, the_run().read) == ("running", rows)
        ImportRun.objects.update(updated_at=clock.now() - 2 * resume.STALE)
    run_worker()
    assert (the_run().state, the_run().error) == ("finished", "")


def test_files_are_deleted_after_a_week(staff):
    upload(staff)
    upload_worker.prune_uploads()
    assert ImportFile.objects.exists()
    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z")
    upload_worker.prune_uploads()
    assert not ImportRun.objects.exists()
    assert not ImportFile.objects.exists()


def test_the_pieces_of_old_files_are_deleted_in_batches(staff, monkeypatch):
    """They are megabytes."""
    monkeypatch.setattr(upload_worker, "PRUNED_PIECES", 1, raising=False)
    upload(staff)
    upload(staff, name="another.csv")
    upload(staff, name="third.csv")
    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z")
    with CaptureQueriesContext(connection) as queries:
        upload_worker.prune_uploads()
    assert not ImportFile.objects.exists()
    assert sum('DELETE FROM "import_files"' in query["sql"] for query in queries.captured_queries) >= 3


def waiting_run(staff: Staff, name: str) -> ImportRun:
    upload(staff, name=name)
    run = ImportRun.objects.latest("pk")
    ImportRun.objects.filter(pk=run.pk).update(state="waiting")
    return run


def state_of(run: ImportRun) -> str:
    return ImportRun.objects.get(pk=run.pk).state


def test_a_business_has_one_import_at_a_time_and_then_the_next(staff: Staff, stranger: Business):
    first, second = waiting_run(staff, "first.csv"), waiting_run(staff, "second.csv")
    others = waiting_run(staff_of(stranger), "other.csv")
    ImportRun.objects.filter(pk=first.pk).update(state="running", progress=0.5, updated_at=clock.now())
    assert resume.next_upload(first.pk) == second.pk
    run_worker()
    assert state_of(second) == "waiting"
    assert state_of(others) != "waiting"
    ImportRun.objects.filter(pk=first.pk).update(state="finished")
    run_worker()
    assert state_of(second) != "waiting"
    assert resume.next_upload(first.pk) is None


def test_an_import_whose_worker_has_died_does_not_keep_the_next_one_waiting(staff: Staff):
    first, second = waiting_run(staff, "first.csv"), waiting_run(staff, "second.csv")
    before = clock.now() - 2 * resume.WORKING
    ImportRun.objects.filter(pk=first.pk).update(state="running", progress=0.5, updated_at=before)
    run_worker()
    assert state_of(second) != "waiting"


def test_previews_wait_for_no_import(staff: Staff):
    first = waiting_run(staff, "first.csv")
    ImportRun.objects.filter(pk=first.pk).update(state="running", progress=0.5, updated_at=clock.now())
    upload(staff, name="second.csv")
    assert ImportRun.objects.latest("pk").preview is not None


@pytest.fixture
def unread(staff: Staff) -> tuple[ImportRun, ...]:
    """Two uploads; a worker is reading the preview of the first."""
    upload(staff, name="first.csv")
    upload(staff, name="second.csv")
    ImportRun.objects.update(preview=None, attempts=0, updated_at=clock.now())
    first, second = ImportRun.objects.order_by("pk")
    ImportRun.objects.filter(pk=first.pk).update(attempts=1)
    return first, second


def is_read(run: ImportRun) -> bool:
    return ImportRun.objects.get(pk=run.pk).preview is not None


def test_a_business_reads_one_preview_at_a_time_and_then_the_next(unread: tuple[ImportRun, ...], stranger: Business):
    first, second = unread
    upload(staff_of(stranger), name="other.csv")
    assert is_read(ImportRun.objects.latest("pk"))
    run_worker()
    assert not is_read(second)
    ImportRun.objects.filter(pk=first.pk).update(preview={})
    assert resume.next_preview(first.pk) == second.pk
    run_worker()
    assert is_read(second)
    assert resume.next_preview(first.pk) is None


def test_a_preview_whose_worker_was_killed_keeps_the_next_one_waiting_for_half_a_minute(unread: tuple[ImportRun, ...]):
    first, second = unread
    ImportRun.objects.filter(pk=first.pk).update(updated_at=clock.now() - timedelta(seconds=35))
    assert upload_worker.process_upload(second.pk, should_stop=lambda: False)
    assert is_read(second)


@pytest.fixture
def slow(unread: tuple[ImportRun, ...], monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets a worker read the first of two previews for minutes: the call is made before it says that it still reads."""
    first, _ = unread

    def process(meanwhile: Callable[[], object]) -> None:
        def read_slowly(run: ImportRun, *, still_reads: Callable[[], object]) -> Any:
            ImportRun.objects.filter(pk=first.pk).update(updated_at=clock.now() - 5 * resume.PREVIEW_STALE)
            meanwhile()
            still_reads()
            assert not upload_worker.process_upload(unread[1].pk, should_stop=lambda: False)
            return read_first_rows(run, still_reads=still_reads)

        monkeypatch.setattr(upload_worker, "read_first_rows", read_slowly)
        ImportRun.objects.filter(pk=first.pk).update(attempts=0)
        upload_worker.process_upload(first.pk, should_stop=lambda: False)

    return process


def test_a_preview_that_is_read_for_minutes_stays_the_one_of_its_worker(
    unread: tuple[ImportRun, ...], slow: Callable[[Callable[[], object]], None]
):
    slow(lambda: None)
    assert [is_read(run) for run in unread] == [True, False]


def test_a_worker_ends_its_reading_when_staff_have_changed_the_options(
    unread: tuple[ImportRun, ...], slow: Callable[[Callable[[], object]], None]
):
    slow(lambda: ImportRun.objects.update(claim=F("claim") + 1))
    assert [is_read(run) for run in unread] == [False, False]
