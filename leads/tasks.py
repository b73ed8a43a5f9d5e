"""Background tasks for imports of uploaded files, and for bulk changes. See leadsite/tasks.py for the conventions."""

from contextlib import suppress
from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from leads.bulk import changes, worker
from leads.importing import resume, upload_worker
from leads.merging import services
from leads.services import release


@app.task(pass_context=True)
def do_import(context: JobContext, run_id: str) -> None:
    """Import, or try, an upload; then the business's next one has its turn, behind the jobs that others have queued."""
    had_turn = upload_worker.process_upload(UUID(run_id), should_stop=context.should_abort)
    # Two that wait for a third one would queue each other until that is over; its job queues the next one.
    if had_turn and not context.should_abort() and (waiting := resume.next_upload(UUID(run_id))):
        do_import.defer(run_id=str(waiting))


@app.task(pass_context=True)
def read_preview(context: JobContext, run_id: str) -> None:
    """Read a preview; then that of the business's next upload has its turn, as in do_import."""
    had_turn = upload_worker.process_upload(UUID(run_id), should_stop=context.should_abort)
    if had_turn and not context.should_abort() and (waiting := resume.next_preview(UUID(run_id))):
        read_preview.defer(run_id=str(waiting))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_imports", pass_context=True)
def sweep_imports(context: JobContext, timestamp: int) -> None:
    """Process uploads whose job was lost or whose worker was killed."""
    for run_id in resume.due_uploads().values_list("pk", flat=True):
        upload_worker.process_upload(run_id, should_stop=context.should_abort)


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="prune_imports")
def prune_imports(timestamp: int) -> None:
    upload_worker.prune_uploads()


@app.task(pass_context=True)
def do_bulk_change(context: JobContext, change_id: str) -> None:
    """Process a change for a turn; then the business has its next one behind the jobs that others have queued."""
    _do_bulk_change(context, UUID(change_id))


def _do_bulk_change(context: JobContext, change_id: UUID) -> None:
    had_turn = worker.process_bulk_change(change_id, should_stop=context.should_abort)
    # As in do_import.
    if had_turn and not context.should_abort() and (waiting := changes.next_bulk_change(change_id)):
        with suppress(AlreadyEnqueued):
            do_bulk_change.configure(queueing_lock=f"bulk change {waiting}").defer(change_id=str(waiting))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_bulk_changes", pass_context=True)
def sweep_bulk_changes(context: JobContext, timestamp: int) -> None:
    """Process bulk changes whose job was lost or whose worker was killed."""
    for change_id in changes.due_bulk_changes().values_list("pk", flat=True):
        _do_bulk_change(context, change_id)


@app.periodic(cron="55 3 * * *")
@app.task(queueing_lock="prune_bulk_changes")
def prune_bulk_changes(timestamp: int) -> None:
    changes.prune_bulk_changes()


@app.periodic(cron="40 * * * *")
@app.task(queueing_lock="forget_merges")
def forget_merges(timestamp: int) -> None:
    """What the undo of a merge would give back is kept for a day."""
    services.forget_merges()


# Nothing else does it: the job is queued once, with the removal. Eight attempts within six hours.
_LATER = RetryStrategy(max_attempts=7, wait=10, exponential_wait=4)


@app.task(retry=_LATER)
def release_work(business_id: str, person_id: str, before: int | None = None) -> None:
    """After somebody was removed from a business, or became a viewer (leadsite/accounts/people/services.py), and again
    each minute until what ran at that moment has ended.
    """
    running = release.running_since(before)
    release.release_work(business_id=UUID(business_id), person_id=UUID(person_id))
    if running is not None:
        later = release_work.configure(schedule_in={"minutes": 1})
        later.defer(business_id=business_id, person_id=person_id, before=running)
