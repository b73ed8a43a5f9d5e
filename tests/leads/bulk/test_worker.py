"""How a worker processes bulk changes: stops, killed workers, errors."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from leads.bulk import changes, chunks, worker
from leads.models import BulkChange, Lead
from leads.pauses import Pauses
from leadsite.core import clock
from tests.factories import Business
from tests.sessions import session, waiting
from tests.site import until

pytestmark = pytest.mark.django_db
LEADS = 7


@pytest.fixture
def change(owner: Business, monkeypatch) -> BulkChange:
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 2)
    monkeypatch.setattr(changes, "AT_ONCE", 2)
    for _ in range(LEADS):
        owner.has_lead()
    return changes.start_bulk_change(person_id=owner.id, leads=Lead.objects.all(), values={"status": "contacted"})


def work(change: BulkChange, chunks: int = 100) -> BulkChange:
    """Run a worker that is told to stop after so many chunks."""
    asked = iter([False] * chunks)
    worker.process_bulk_change(change.pk, should_stop=lambda: next(asked, True))
    change.refresh_from_db()
    return change


def test_a_worker_that_stops_leaves_the_rest_to_the_next(change):
    work(change, chunks=2)
    assert (change.state, change.changed) == ("waiting", 4)
    work(change)
    assert (change.state, change.changed) == ("finished", LEADS)
    changes.undo_bulk_change(change=change)
    work(change, chunks=1)
    assert (change.state, change.restored) == ("undo_waiting", 2)
    work(change)
    assert (change.state, change.restored, change.remaining) == ("undone", LEADS, 0)


def test_the_change_of_a_killed_worker_is_continued_after_a_minute_without_doubles(change):
    chunks.process_chunk(change_id=change.pk)
    work(change)
    assert (change.state, change.changed) == ("running", 2)  # its worker may be alive
    BulkChange.objects.update(updated_at="2026-01-01T00:00:00Z")
    work(change)
    assert (change.state, change.changed) == ("finished", LEADS)
    assert set(Lead.objects.values_list("version", flat=True)) == {2}


def test_an_unexpected_error_is_stored_with_the_change(change, monkeypatch):
    def fail(**_: object) -> bool:
        raise IntegrityError("leads_status_valid")

    with monkeypatch.context() as patched:
        patched.setattr(worker, "process_chunk", fail)
        with pytest.raises(IntegrityError):
            work(change)
    change.refresh_from_db()
    assert (change.state, change.changed) == ("failed", 0)
    assert "the log has its details" in change.error
    changes.resume_bulk_change(change=change)
    assert work(change).changed == LEADS


def test_a_long_change_gives_its_job_back_after_its_turn(change, monkeypatch):
    """A worker does four jobs at a time: a change of a million leads would keep those of others waiting."""
    now = [0.0]

    def pause(_: Pauses) -> None:
        now[0] += worker.TURN_SECONDS / 2

    monkeypatch.setattr(Pauses, "pause", pause)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    worker.process_bulk_change(change.pk, should_stop=lambda: False)
    change.refresh_from_db()
    assert change.state == "waiting"
    assert change.changed == 4  # two chunks
    assert changes.next_bulk_change(change.pk) == change.pk


def test_a_business_has_one_change_at_a_time(change, owner, stranger):
    second = changes.start_bulk_change(person_id=owner.id, leads=Lead.objects.all(), values={"type": "inquiry"})
    for _ in range(3):
        stranger.has_lead()
    theirs = Lead.objects.filter(user=stranger.user)
    other = changes.start_bulk_change(person_id=stranger.id, leads=theirs, values={"status": "contacted"})
    BulkChange.objects.filter(pk=change.pk).update(state="running", updated_at=clock.now())
    assert work(second).state == "waiting"
    assert work(other).state == "finished"
    BulkChange.objects.filter(pk=change.pk).update(state="finished")
    assert changes.next_bulk_change(change.pk) == second.pk
    assert work(second).state == "finished"


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_that_are_taken_at_the_same_moment_one_has_its_turn(change, owner, monkeypatch):
    second = changes.start_bulk_change(person_id=owner.id, leads=Lead.objects.all(), values={"type": "inquiry"})
    looked, started = worker._has_another, []

    def take_second() -> bool:
        try:
            return worker.process_bulk_change(second.pk, should_stop=lambda: False)
        finally:
            connection.close()

    def look(one: BulkChange) -> bool:
        """Another worker takes the second change when this one has looked, and has not stored its own turn."""
        found = looked(one)
        if one.pk == change.pk:
            started.append(other.submit(take_second))
            until(lambda: started[0].done() or waiting(observer) == 1)
        return found

    def should_stop() -> bool:
        until(started[0].done)
        return False

    monkeypatch.setattr(worker, "_has_another", look)
    with ThreadPoolExecutor(1) as other, session() as observer:
        assert worker.process_bulk_change(change.pk, should_stop=should_stop)
        assert not started[0].result()
