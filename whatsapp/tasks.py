"""What the worker does about deliveries. Each task calls one service; leadsite/tasks.py says what a job is."""

from django.utils import timezone
from procrastinate.contrib.django import app

from whatsapp import deliveries


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_deliveries")
def retry_deliveries(timestamp: int) -> None:
    deliveries.replay_due(limit=500)


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="prune_deliveries")
def prune_deliveries(timestamp: int) -> None:
    deliveries.prune(now=timezone.now())
