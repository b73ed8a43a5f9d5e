"""Periodic tasks of monitoring."""

from procrastinate.contrib.django import app

from leadsite.monitoring.pruning import prune_failed_transactions


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="prune_failures")
def prune_failures(timestamp: int) -> None:
    """Delete failed transactions older than FAILED_TRANSACTION_DAYS."""
    prune_failed_transactions()
