"""Periodic tasks of the audit."""

from procrastinate.contrib.django import app

from leadsite.audit import partitions


@app.periodic(cron="5 3 * * *")
@app.task(queueing_lock="keep_audit_partitions")
def keep_audit_partitions(timestamp: int) -> None:
    """Make the partitions of the next months, and drop those that are older than AUDIT_DAYS."""
    partitions.make_partitions()
    partitions.prune_audit()
