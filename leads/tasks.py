"""What the worker does about files of leads. leadsite/tasks.py says what a job is."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.contrib.django import app

from leads.importing import work


@app.task(pass_context=True)
def do_import(context: JobContext, run_id: str) -> None:
    work.work_on(UUID(run_id), should_stop=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_imports", pass_context=True)
def sweep_imports(context: JobContext, timestamp: int) -> None:
    """Take up what no job did, and what a killed worker has left."""
    for run_id in work.due().values_list("pk", flat=True):
        work.work_on(run_id, should_stop=context.should_abort)


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="prune_imports")
def prune_imports(timestamp: int) -> None:
    work.prune()
