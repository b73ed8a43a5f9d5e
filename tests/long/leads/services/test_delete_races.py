"""Deleting, restoring, purging, creating and receiving for one customer at the same moment, in several processes."""

import random
from contextlib import suppress
from uuid import UUID

import pytest
from django.db.models import Count

from conversations.models import Conversation, Message
from leads.models import Lead
from leads.services.change import UnknownLead
from leads.services.create import create_lead
from leads.services.delete import delete_lead, restore_lead
from leadsite.core import clock
from leadsite.monitoring.integrity import check_integrity
from leadsite.privacy.purge import purge_chunk
from tests.factories import Business, call, new_lead
from tests.sessions import deadlocks, processes
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox

PHONE = f"+{meta.SHEENA}"
PROCESSES, ROUNDS = 4, 25


def deliver(provider_id: str) -> None:
    message = meta.text("Hello", id=provider_id)
    webhook_client.receive(meta.body(meta.messages_value(meta.CHANNEL, messages=[message])))


def work(user_id: UUID, seed: int, *, operations: int = 5) -> int:
    """A mixture of these operations; returns how many messages were delivered."""
    chance, delivered = random.Random(seed), 0
    for number in range(ROUNDS):
        ids = list(Lead.all_objects.filter(user_id=user_id).values_list("pk", flat=True))
        # All of them may have been purged.
        lead_id = chance.choice(ids) if ids else UUID(int=seed)
        match chance.randrange(operations):
            case 0:
                create_lead(user_id=user_id, lead=new_lead(customer_phone=PHONE), source="api")
            case 1:
                deliver(f"wamid.{seed}.{number}")
                delivered += 1
            case 2:
                with suppress(UnknownLead):
                    restore_lead(user_id=user_id, lead_id=lead_id)
            case 3:
                call("delete_lead_with_conversation", user_id, lead_id)
            case 5:
                purge_chunk(before=clock.now())
            case _:
                with suppress(UnknownLead):
                    delete_lead(user_id=user_id, lead_id=lead_id, person_id=None)
    return delivered


@pytest.mark.django_db(transaction=True)
def test_no_orphan_no_doubled_conversation_and_no_lost_message(owner: Business) -> None:
    Inbox(owner).gets(meta.text("Hello", id="wamid.first"))
    before = deadlocks()
    with processes(PROCESSES) as pool:
        delivered = sum(pool.map(work, [owner.id] * PROCESSES, range(PROCESSES)))
    assert deadlocks() == before
    assert Message.objects.count() == delivered + 1
    active = Conversation.objects.filter(status="active").values("customer").annotate(number=Count("pk"))
    assert all(row["number"] == 1 for row in active)
    assert not Lead.objects.exclude(conversation__deleted_at=None).exists()
    empty = Conversation.objects.exclude(pk__in=Lead.objects.values("conversation"))
    assert not empty.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_purged_takes_nothing_with_it_that_came_later(owner: Business) -> None:
    Inbox(owner).gets(meta.text("Hello", id="wamid.first"))
    before = deadlocks()
    with processes(PROCESSES) as pool:
        for done in [pool.submit(work, owner.id, seed, operations=6) for seed in range(PROCESSES)]:
            done.result()
        # Nothing is deleted after this message, so what is purged next leaves it.
        pool.submit(deliver, "wamid.end").result()
        while pool.submit(purge_chunk, before=clock.now()).result():
            pass
    assert deadlocks() == before
    end = Message.objects.get(provider_id="wamid.end")
    assert Lead.objects.filter(conversation=end.conversation_id).exists()
    assert not Lead.all_objects.exclude(deleted_at=None).exists()
    assert not Conversation.all_objects.exclude(deleted_at=None).exists()
    assert check_integrity() == []
