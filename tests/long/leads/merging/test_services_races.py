"""Merges by separate processes at the same moment, and deliveries in between: nothing is lost or doubled."""

import pytest

from conversations.models import Conversation, Customer, Message
from leads.merging.services import MergeRefused, merge, undo_merge
from leads.models import CustomerMerge, Lead
from tests.sessions import lock_customer, processes, session, waiting
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "+4915123440001"


def merge_there(business, source, target):
    """Returns whether it was done."""
    try:
        merge(user_id=business, source_id=source, target_id=target, person_id=None)
    except MergeRefused:
        return False
    return True


def undo_there(business, merge_id):
    try:
        undo_merge(user_id=business, merge_id=merge_id)
    except MergeRefused:
        return False
    return True


def deliver_there(wamid, timestamp):
    webhook_client.receive(
        meta.body(meta.messages_value(messages=[meta.text("during", id=wamid, timestamp=timestamp)]))
    )
    return True


@pytest.fixture
def two(owner):
    """The ids of two customers with a chat each; the first one writes on WhatsApp."""
    Inbox(owner).gets(meta.text("before", id="wamid.1"), contacts=[meta.contact()])
    owner.has_lead(customer_phone=OTHER)
    return tuple(Customer.objects.order_by("pk").values_list("pk", flat=True))


def assert_whole(customers, messages, leads=2):
    assert Customer.objects.count() == customers
    assert Message.objects.count() == messages
    assert Lead.objects.count() == leads
    actives = list(Conversation.objects.filter(status="active").values_list("customer_id", flat=True))
    assert len(actives) == len(set(actives))
    assert Message.objects.filter(conversation__customer=None).count() == 0


@pytest.mark.parametrize("directions", [((0, 1), (1, 0)), ((0, 1), (0, 1))])
def test_of_two_merges_at_once_one_is_done(directions, owner, two):
    with processes(2) as pool, session() as gate:
        lock_customer(gate, owner.id, OTHER)
        calls = [pool.submit(merge_there, owner.id, two[one], two[other]) for one, other in directions]
        until(lambda: waiting(gate) >= 2)
        gate.rollback()
        assert sorted(call.result() for call in calls) == [False, True]
    assert_whole(1, 1)
    assert CustomerMerge.objects.count() == 1


@pytest.mark.parametrize("direction", [(0, 1), (1, 0)])
def test_a_delivery_during_a_merge_reaches_the_one_customer(direction, owner, two):
    with processes(2) as pool, session() as gate:
        lock_customer(gate, owner.id, OTHER)
        merged = pool.submit(merge_there, owner.id, *(two[n] for n in direction))
        until(lambda: waiting(gate) >= 1)
        delivered = pool.submit(deliver_there, "wamid.2", meta.NOON + 1)
        gate.rollback()
        assert merged.result()
        assert delivered.result()
    assert_whole(1, 2)
    assert Conversation.objects.count() == 1


def test_of_two_undos_and_a_delivery_at_once_each_message_is_kept(owner, two):
    done = merge(user_id=owner.id, source_id=two[0], target_id=two[1], person_id=None)
    with processes(3) as pool, session() as gate:
        lock_customer(gate, owner.id, OTHER)
        undone = [pool.submit(undo_there, owner.id, done.pk) for _ in range(2)]
        until(lambda: waiting(gate) >= 2)
        delivered = pool.submit(deliver_there, "wamid.2", meta.NOON + 1)
        gate.rollback()
        assert sorted(call.result() for call in undone) == [False, True]
        assert delivered.result()
    assert_whole(2, 2)
