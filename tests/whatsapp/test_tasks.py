"""Tasks that look for what is due, when the database's clock was moved back."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import F

from conversations.models import StoredMedia
from leadsite.core import clock
from leadsite.monitoring.models import QueueClock
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import TOKEN
from tests.whatsapp.provider_files import Files, picture
from whatsapp import tasks
from whatsapp.channels import connect_channel
from whatsapp.media import fetching
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db

CONTEXT: Any = SimpleNamespace(should_abort=lambda: False)
HOUR = timedelta(hours=1)


def sweep_media() -> StoredMedia:
    tasks.sweep_media.func(CONTEXT, timestamp=0)
    return StoredMedia.objects.get()


def move_clock_back() -> None:
    """What has been seen and stored of the time is an hour ahead of the clock."""
    QueueClock.objects.update(seen_at=F("seen_at") + HOUR)
    StoredMedia.objects.update(due_at=F("due_at") + HOUR)
    WebhookDelivery.objects.update(next_attempt_at=F("next_attempt_at") + HOUR)


@pytest.fixture
def number(owner: Business) -> Inbox:
    inbox = Inbox(owner)
    connect_channel(user_id=owner.id, phone_number_id=inbox.channel, access_token=TOKEN)
    return inbox


def test_a_file_that_was_due_is_fetched(number: Inbox, provider: Files) -> None:
    tasks.sweep_media.func(CONTEXT, timestamp=0)
    number.gets(meta.message("image", provider.has(picture())))
    StoredMedia.objects.update(due_at=clock.now() - timedelta(minutes=5))
    move_clock_back()

    assert sweep_media().state == "stored"


def test_a_file_that_is_being_fetched_is_not_fetched_a_second_time(number: Inbox, provider: Files) -> None:
    tasks.sweep_media.func(CONTEXT, timestamp=0)
    number.gets(meta.message("image", provider.has(picture())))
    move_clock_back()
    StoredMedia.objects.update(due_at=clock.now() + fetching.LEASE, attempts=1)  # claimed after the clock was moved

    assert (sweep_media().state, provider.requests) == ("waiting", [])


def test_a_failed_delivery_whose_next_attempt_was_due_is_replayed(number: Inbox) -> None:
    tasks.retry_deliveries.func(timestamp=0)
    body = b'{"object": "whatsapp_business_account", "entry": []}'
    due = clock.now() - timedelta(minutes=5)
    WebhookDelivery.objects.create(
        provider="cloud", body=body, state="failed", next_attempt_at=due, signed_by=[WebhookDelivery.LIST]
    )
    move_clock_back()

    tasks.retry_deliveries.func(timestamp=0)

    assert WebhookDelivery.objects.get().state == "processed"
