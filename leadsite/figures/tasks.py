"""Background tasks that count days: see leadsite/tasks.py for the conventions."""

from procrastinate.contrib.django import app

from leadsite.figures.counting import RECENT, SHOWN, count_days


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="count_recent_days")
def count_recent_days(timestamp: int) -> None:
    count_days(days=RECENT)


@app.periodic(cron="20 2 * * *")
@app.task(queueing_lock="count_shown_days")
def count_shown_days(timestamp: int) -> None:
    """What has changed since then: conversions, deletions, late messages."""
    count_days(days=SHOWN)
