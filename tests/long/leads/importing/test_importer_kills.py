"""An import that is killed repeatedly, also during concurrent creations and deliveries."""

import json
import random
import time
from pathlib import Path
from uuid import UUID

import pytest

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leads.services.create import create_lead, create_leads
from leads.services.rules import NewLead
from tests.factories import Business
from tests.leads.importing.long_file import (
    ROWS,
    assert_each_row_once,
    file,
    importing,
    no_sessions_left,
    phone,
    rows_read,
)
from tests.sessions import deadlocks, processes
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["file", "no_sessions_left"]

KILLS = 20
KILLS_BESIDE_OTHERS = 8


@pytest.fixture
def inbox(owner: Business) -> Inbox:
    return Inbox(owner)


def import_with_kills(owner: Business, file: Path, tmp_path: Path, kills: int = KILLS) -> dict[str, object]:
    """Kill the import at random moments and resume it; let the last one finish."""
    chance = random.Random(20)
    for _ in range(kills):
        before = rows_read()
        process = importing(owner, file, tmp_path, "--resume")
        until(lambda: rows_read() > before or process.poll() is not None, lambda: "The import makes no progress.")  # noqa: B023 - called in this iteration
        time.sleep(chance.uniform(0, 0.02))  # a random moment within a batch
        process.kill()
        process.communicate()
    process = importing(owner, file, tmp_path, "--resume")
    out, error = process.communicate(timeout=120)
    assert process.returncode == 1, error
    return dict(json.loads(out))


def test_killed_twenty_times_each_row_is_stored_once(owner, file, tmp_path):
    summary = import_with_kills(owner, file, tmp_path)
    assert summary["read"] == ROWS + ROWS // 20 + ROWS // 100
    assert_each_row_once(owner)
    assert owner.row_counts() == (ROWS, ROWS, ROWS)


def create_for_the_same_customers(business: UUID, seed: int) -> int:
    """Create leads by the services, single ones and lists, in another order than the file's."""
    chance, made = random.Random(seed), 0
    for _ in range(60):
        some = [
            NewLead(customer_phone=phone(chance.randrange(ROWS)), customer_name="By API", type="inquiry")
            for _ in range(chance.choice([1, 1, 20]))
        ]
        if len(some) == 1:
            create_lead(user_id=business, lead=some[0], source="api")
        else:
            create_leads(user_id=business, leads=some, source="api")
        made += len(some)
    return made


def deliver_from_the_same_customers(seed: int) -> None:
    """Store deliveries of one WhatsApp message or of many."""
    chance = random.Random(seed)
    for n in range(60):
        messages = [
            meta.text(f"Hello {m}", id=f"wamid.{seed}.{n}.{m}", from_=phone(chance.randrange(ROWS)).removeprefix("+"))
            for m in range(chance.choice([1, 1, 20]))
        ]
        webhook_client.receive(meta.body(meta.messages_value(messages=messages)))


def test_killed_during_concurrent_creations_and_deliveries(owner, inbox, file, tmp_path):
    before = deadlocks()
    with processes(2) as pool:
        deliveries = [pool.submit(deliver_from_the_same_customers, seed) for seed in range(6)]
        writers = [pool.submit(create_for_the_same_customers, owner.id, seed) for seed in range(6)]
        import_with_kills(owner, file, tmp_path, KILLS_BESIDE_OTHERS)
        made = sum(writer.result() for writer in writers)
        assert [delivery.result() for delivery in deliveries] == [None] * 6
    assert deadlocks() == before
    assert_each_row_once(owner)
    assert Lead.objects.filter(source="api").count() == made
    assert Message.objects.exists()
    assert not WebhookDelivery.objects.exclude(state="processed").exists()
    assert Customer.objects.count() == ROWS
    assert Conversation.objects.filter(status="active").count() == ROWS
