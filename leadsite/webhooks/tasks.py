"""What the worker does about webhooks beside the courier, which looks for itself what is due."""

from django.utils import timezone
from procrastinate.contrib.django import app

from leadsite.webhooks import services


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="prune_webhook_events")
def prune_webhook_events(timestamp: int) -> None:
    services.prune(now=timezone.now())
