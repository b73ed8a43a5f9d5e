"""Background tasks of exports: see leadsite/tasks.py for the conventions."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.contrib.django import app

from leadsite.exports import services


@app.task(pass_context=True)
def write_export(context: JobContext, export_id: str) -> None:
    services.process_export(UUID(export_id), should_stop=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_exports", pass_context=True)
def sweep_exports(context: JobContext, timestamp: int) -> None:
    """Write exports whose job was lost or whose worker was killed."""
    for export_id in services.due_exports().values_list("pk", flat=True):
        services.process_export(export_id, should_stop=context.should_abort)


@app.periodic(cron="45 * * * *")
@app.task(queueing_lock="prune_exports")
def prune_exports(timestamp: int) -> None:
    services.prune_exports()
