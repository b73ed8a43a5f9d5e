"""Background tasks of exports: see leadsite/tasks.py for the conventions."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.contrib.django import app

from leadsite.exports import services


@app.task(pass_context=True)
def write_export(context: JobContext, export_id: str) -> None:
    """Write an export; then the business's next one has its turn, as in leads.tasks.do_import."""
    had_turn = services.process_export(UUID(export_id), should_stop=context.should_abort)
    if had_turn and not context.should_abort() and (waiting := services.next_export(UUID(export_id))):
        write_export.defer(export_id=str(waiting))


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
