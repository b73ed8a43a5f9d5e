"""Background tasks: see leadsite/tasks.py for the conventions."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from leadsite.core import clock
from leadsite.privacy.erasing import finish_erasures
from leadsite.privacy.purge import purge_deleted
from leadsite.privacy.retention import delete_old


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="finish_erasures")
def finish_erasures_left(timestamp: int) -> None:
    """Finish erasures whose process was killed, or that took too long for a request."""
    finish_erasures()


@app.periodic(cron="35 3 * * *")
@app.task(queueing_lock="delete_old_rows", pass_context=True)
def delete_old_rows(context: JobContext, timestamp: int) -> None:
    """Delete what is older than the settings say."""
    delete_old(now=clock.check_clock(), should_stop=context.should_abort)


@app.periodic(cron="15 * * * *")
@app.task(queueing_lock="purge_deleted", pass_context=True)
def purge(context: JobContext, timestamp: int) -> None:
    """Remove what was deleted more than DELETED_DAYS ago."""
    purge_deleted(should_stop=context.should_abort)
