"""Background tasks for WhatsApp. Each task calls one service. See leadsite/tasks.py for the conventions."""

from uuid import UUID

from django.db import transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app

from conversations.services.media import delete_orphans, delete_unnamed
from leadsite.core import clock
from leadsite.core.queue_worker import follow_clock
from leadsite.core.transactions import end_if_idle
from whatsapp import channels
from whatsapp.inbound import replay
from whatsapp.media.fetching import fetch_due, move_times
from whatsapp.message_templates.refreshing import refresh_all, refresh_asked
from whatsapp.models import WebhookDelivery
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
    follow_clock("deliveries", WebhookDelivery.objects.move_times)
    replay.replay_due(limit=500)


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="prune_deliveries")
def prune_deliveries(timestamp: int) -> None:
    replay.prune(now=clock.check_clock())


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="refresh_templates", pass_context=True)
def refresh_templates(context: JobContext, timestamp: int) -> None:
    refresh_all(should_stop=context.should_abort)


@app.task(pass_context=True)
def fetch_media(context: JobContext) -> None:
    """Fetch the files of messages that have arrived. No queueing lock: see whatsapp/media/wakeup.py."""
    fetch_due(should_stop=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="sweep_media", pass_context=True)
def sweep_media(context: JobContext, timestamp: int) -> None:
    """Fetch the files whose job was lost or that are tried again; delete those of deleted messages."""
    follow_clock("media", move_times)
    fetch_due(should_stop=context.should_abort)
    delete_orphans(should_stop=context.should_abort)


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="delete_unnamed_media")
def delete_unnamed_media(timestamp: int) -> None:
    """Delete stored bytes that no row names: of requests that failed, and of workers that were killed."""
    delete_unnamed()


@app.task(pass_context=True)
def refresh_templates_of(context: JobContext, user_id: str) -> None:
    """A person or a client has asked for it."""
    refresh_asked(user_id=UUID(user_id), should_stop=context.should_abort)
