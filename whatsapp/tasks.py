"""Background tasks for WhatsApp. Each task calls one service. See leadsite/tasks.py for the conventions."""

from django.db import transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app

from leadsite.core import clock
from leadsite.core.transactions import end_if_idle
from whatsapp import channels
from whatsapp.inbound import replay
from whatsapp.message_templates.sync import sync_templates
from whatsapp.outbound import queue


@app.task(pass_context=True)
async def send_queued(context: JobContext) -> None:
    """Wake this worker's sender. `manage.py worker --once` sends at the end instead."""
    context.additional_context["sender"].wake()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_outbox", pass_context=True)
def sweep_outbox(context: JobContext, timestamp: int) -> None:
    """Find messages whose job was lost, whose worker was killed, or that waited for a number."""
    queue.expire_leases()
    with transaction.atomic():
        end_if_idle()
        channels.reroute_messages()
    context.additional_context["sender"].wake()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_deliveries")
def retry_deliveries(timestamp: int) -> None:
    replay.replay_due(limit=500)


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="prune_deliveries")
def prune_deliveries(timestamp: int) -> None:
    replay.prune(now=clock.check_clock())


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="refresh_templates")
def refresh_templates(timestamp: int) -> None:
    sync_templates()
