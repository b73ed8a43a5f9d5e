"""Concurrent processes: claims, messages to a new customer, and a status during the worker's record."""

import time
from collections import Counter
from concurrent.futures import Future
from functools import partial
from uuid import UUID

import pytest
from django.db import close_old_connections
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations.models import Conversation, Customer, Message
from tests.factories import Business
from tests.leadsite.workers import CUT, NAME, run, working
from tests.sessions import deadlocks, held_back, processes, session
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.graph import Reaction, graph_api, worker_environment
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, TOKEN, Mailing
from whatsapp.channels import connect_channel
from whatsapp.outbound import queue
from whatsapp.outbound.enqueue import LeadRequest, MessageContent, Recipient, send_message
from whatsapp.outbound.outcomes import Outgoing, Sent
from whatsapp.outbound.worker import Sender

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES = 4


def write_to(user_id: UUID, phone: str, text: str) -> UUID:
    lead = LeadRequest(type="order") if text.endswith("0") else None
    to = Recipient(phone=phone, customer_name="Amina")
    return send_message(user_id=user_id, to=to, message=MessageContent(content=text), lead=lead).conversation_id


def claim_all(goal: int) -> list[tuple[int, UUID, str, int]]:
    """Claim and record until this many messages have been sent. Returns the messages of this process, with times."""
    mine: list[tuple[int, UUID, str, int]] = []
    while Message.objects.filter(status="sent").count() < goal:
        for message in queue.claim(3):
            mine.append((time.monotonic_ns(), message.id, message.address, int(message.content)))
            queue.record([(message, Sent(f"wamid.{message.id}"))])
    close_old_connections()
    return mine


def record_as_sent(message: Outgoing) -> None:
    queue.record([(message, Sent(f"wamid.{message.id}"))])


def report(message_id: UUID) -> None:
    status = meta.status("delivered", id=f"wamid.{message_id}", biz_opaque_callback_data=str(message_id))
    webhook_client.receive(meta.body(meta.messages_value(statuses=[status])))


def test_no_message_is_claimed_twice_and_messages_to_a_customer_are_sent_in_order(owner: Business, settings) -> None:
    before = deadlocks()
    settings.WHATSAPP_MESSAGES_PER_SECOND = 10_000
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
    for number in range(8):
        for customer in range(12):
            to = Recipient(phone=f"+4915100000{customer:03}")
            send_message(user_id=owner.id, to=to, message=MessageContent(content=str(number)))
    with processes(PROCESSES) as pool:
        taken = [row for future in [pool.submit(claim_all, 96) for _ in range(PROCESSES)] for row in future.result()]
    assert max(Counter(id_ for _, id_, _, _ in taken).values()) == 1
    assert len(taken) == 96
    for phone in {address for _, _, address, _ in taken}:
        assert [number for _, _, address, number in sorted(taken) if address == phone] == list(range(8))
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}
    assert deadlocks() == before


def test_concurrent_messages_to_one_new_customer_share_one_conversation(owner: Business) -> None:
    before = deadlocks()
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
    with processes(PROCESSES) as pool:
        with held_back(PROCESSES):
            first = [pool.submit(write_to, owner.id, AMINA, f"text {number}") for number in range(PROCESSES)]
        rest = [pool.submit(write_to, owner.id, AMINA, f"text {number}") for number in range(PROCESSES, 40)]
        conversations = {future.result() for future in first + rest}
    assert len(conversations) == 1
    assert owner.row_counts() == (1, 1, 4)  # 0, 10, 20 and 30 request a lead
    assert (Customer.objects.count(), Conversation.objects.count(), Message.objects.count()) == (1, 1, 40)
    assert deadlocks() == before


def test_a_status_that_arrives_during_the_workers_record_is_applied(owner: Business) -> None:
    before = deadlocks()
    Inbox(owner)
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
    for number in range(60):
        to = Recipient(phone=f"+4915100000{number:03}")
        send_message(user_id=owner.id, to=to, message=MessageContent(content="Hello"))
    messages: list[Outgoing] = []
    while len(messages) < 60:
        messages += queue.claim(60)
    with processes(PROCESSES) as pool:
        futures: list[Future[None]] = []
        for number, message in enumerate(messages):
            both = [pool.submit(record_as_sent, message), pool.submit(report, message.id)]
            futures += both if number % 2 else reversed(both)
        for future in futures:
            future.result()
    assert set(Message.objects.values_list("status", flat=True)) == {"delivered"}
    assert deadlocks() == before


def test_a_locked_customer_does_not_delay_the_others(owner: Business, tmp_path) -> None:
    with graph_api() as graph:
        mailing = Mailing(owner, graph)
        held = mailing.writes("held")
        with session() as other_session:
            other_session.execute("SELECT FROM customers WHERE user_id = %s FOR UPDATE", [owner.id])
            with working(tmp_path, **worker_environment(graph)) as worker:
                # The customer is created with this message, so the row is not locked.
                free = mailing.writes("free", to="+4915100000002")
                until(lambda: Message.objects.get(pk=free.pk).status == "sent", worker.log)
                assert Message.objects.get(pk=held.pk).status == "queued"
                other_session.rollback()
                until(lambda: Message.objects.get(pk=held.pk).status == "sent", worker.log)


def test_a_locked_message_does_not_delay_the_record_of_others(owner: Business, tmp_path) -> None:
    with graph_api() as graph:
        mailing = Mailing(owner, graph)
        held = [mailing.writes("held", to=f"+4915100000{number:03}") for number in range(3)]
        # Locked when the response arrives, after the claim.
        graph.queue_reactions(*[Reaction(accepts=True, seconds=2)] * 3)
        with working(tmp_path, **worker_environment(graph)) as worker, session() as other_session:
            until(partial(graph.has_had_requests, 3), worker.log)
            other_session.execute("SELECT FROM messages FOR UPDATE")
            free = [mailing.writes("free", to=f"+4915200000{number:03}") for number in range(20)]
            rows = Message.objects.filter(pk__in=[row.pk for row in free])
            until(lambda: set(rows.values_list("status", flat=True)) == {"sent"}, worker.log)
            assert set(Message.objects.exclude(pk__in=rows).values_list("status", flat=True)) == {"sending"}
            other_session.rollback()
            rows = Message.objects.filter(pk__in=[row.pk for row in held])
            until(lambda: set(rows.values_list("status", flat=True)) == {"sent"}, worker.log)
        assert graph.duplicates() == {}


def test_a_worker_with_lost_connections_continues_and_sends_nothing_twice(owner: Business, tmp_path) -> None:
    with graph_api() as graph:
        mailing = Mailing(owner, graph)
        for number in range(40):
            mailing.writes(f"{number}", to=f"+4915100000{number:03}")
        graph.react = lambda: Reaction(accepts=True, seconds=0.3)
        with working(tmp_path, **worker_environment(graph)) as worker:
            for goal in (5, 25):
                until(partial(graph.has_had_requests, goal), worker.log)
                assert run(CUT, NAME)
            until(all_are_sent, worker.log)
        assert graph.duplicates() == {}


def test_a_worker_is_woken_at_once(owner: Business, tmp_path) -> None:
    """An idle worker polls only every two seconds."""
    with graph_api() as graph:
        mailing = Mailing(owner, graph)
        with working(tmp_path, **worker_environment(graph)) as worker:
            until(worker.is_registered, worker.log)
            for number in range(3):
                mailing.writes(f"{number}", to=f"+4915100000{number:03}")
                # A message found by polling leaves its job in the queue, and then the next message defers no job.
                until(lambda: all_are_sent() and not wake_up_jobs("todo", "doing"), worker.log)
            assert wake_up_jobs("succeeded") == 3
            assert worker.stop() == 0


def test_a_worker_that_stops_ends_what_it_sends_and_leaves_the_others(mailing: Mailing) -> None:
    for number in range(3):
        mailing.writes(f"{number}", to=f"+4915100000{number:03}")
    mailing.graph.queue_reactions(Reaction(accepts=True, seconds=1))
    sender = Sender(1)
    sender.start()
    until(lambda: mailing.graph.has_had_requests(1))
    # One more than it is told is for what comes back meanwhile.
    assert mailing.states() == [("0", "sending"), ("1", "sending"), ("2", "queued")]
    sender.stop()
    sender.join(30)
    assert mailing.states() == [("0", "sent"), ("1", "sent"), ("2", "queued")]
    assert mailing.send_all() == 1
    assert mailing.graph.duplicates() == {}


def wake_up_jobs(*statuses: str) -> int:
    """The number of jobs that wake a worker."""
    return ProcrastinateJob.objects.filter(task_name="whatsapp.tasks.send_queued", status__in=statuses).count()


def all_are_sent() -> bool:
    return set(Message.objects.values_list("status", flat=True)) == {"sent"}
