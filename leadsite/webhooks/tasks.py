"""Background tasks for webhooks. The courier (courier.py) posts the events."""

from procrastinate.contrib.django import app

from leadsite.core import clock
from leadsite.webhooks import pruning


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="prune_webhook_events")
def prune_webhook_events(timestamp: int) -> None:
    pruning.prune(now=clock.check_clock())
