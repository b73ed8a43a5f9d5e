"""Periodic tasks of monitoring."""

from procrastinate.contrib.django import app

from leadsite.monitoring.integrity import check_integrity
from leadsite.monitoring.pruning import prune_failed_transactions


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="prune_failures")
def prune_failures(timestamp: int) -> None:
    """Delete failed transactions older than FAILED_TRANSACTION_DAYS."""
    prune_failed_transactions()


@app.periodic(cron="45 * * * *")
@app.task(queueing_lock="check_integrity")
def check_stored_data(timestamp: int) -> None:
    """Look for what must not be in the database. Findings are in the log, at /metrics and on the Overview."""
    check_integrity(whole_audit=False)
