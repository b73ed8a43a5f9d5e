"""Which message is claimed next: order, pace, leases and numbers."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Conversation, Message
from tests.whatsapp.graph import (
    RESET_ACCEPTED,
    error,
)
from tests.whatsapp.mailing import AMINA, BRUNO, Mailing, of
from whatsapp.models import Channel
from whatsapp.outbound import queue
from whatsapp.outbound.outcomes import Again, Failed, Sent, Unknown
from whatsapp.outbound.worker import send_in_turn


class TestOrderAndPace:
    def test_of_a_customer_one_at_a_time_and_in_order(self, mailing):
        for text in ["one", "two", "three"]:
            mailing.writes(text)
        mailing.writes("for Bruno", to=BRUNO)
        claimed = queue.claim(16)
        assert [message.content for message in claimed] == ["one", "for Bruno"]
        assert queue.claim(16) == []
        queue.record([(message, Sent(f"wamid.{message.id}")) for message in claimed])
        assert [message.content for message in queue.claim(16)] == ["two"]

    def test_also_where_the_customer_has_several_conversations(self, mailing):
        mailing.writes("one")
        Conversation.objects.update(status="archived")
        mailing.writes("two")
        (first,) = queue.claim(16)
        assert (first.content, queue.claim(16)) == ("one", [])

    def test_those_behind_a_failed_or_unknown_one_go_on(self, mailing):
        for text in ["one", "two", "three"]:
            mailing.writes(text)
        mailing.graph.next_come(error(131026), RESET_ACCEPTED)
        mailing.is_sent()
        assert mailing.states() == [("one", "failed"), ("two", "unknown"), ("three", "sent")]

    def test_a_number_keeps_its_pace(self, mailing, settings):
        settings.WHATSAPP_MESSAGES_PER_SECOND = 50
        for number in range(20):
            mailing.writes(to=f"+49151000000{number:02}")
        claimed = queue.claim(16)
        assert [round(message.wait, 3) for message in claimed] == [0, 0.02, 0.04, 0.06, 0.08, 0.1]
        Channel.objects.update(paced_until=timezone.now() + timedelta(seconds=10))
        assert queue.claim(16) == []

    def test_a_number_with_a_long_queue_leaves_room_for_the_others(self, mailing, stranger):
        for number in range(20):
            mailing.writes(to=f"+49151000000{number:02}")
        other = Mailing(stranger, mailing.graph, number="222")
        other.writes("for Bruno", to=BRUNO)
        claimed = [*queue.claim(4), *queue.claim(4)]
        assert "for Bruno" in [message.content for message in claimed]

    def test_a_customer_gets_so_many_at_once_and_then_one_each_few_seconds(self, mailing, settings):
        settings.WHATSAPP_PAIR_BURST, settings.WHATSAPP_PAIR_SECONDS = 3, 6
        for number in range(5):
            mailing.writes(f"{number}")
        mailing.is_sent()
        assert mailing.graph.texts(AMINA) == ["0", "1", "2"]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers SET paced_until = paced_until - interval '6 seconds'")
        mailing.is_sent()
        assert mailing.graph.texts(AMINA) == ["0", "1", "2", "3"]


class TestLeases:
    """See Note [Sent once] in whatsapp/outbound/queue.py."""

    @staticmethod
    def time_passes():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE messages SET leased_until = leased_until - interval '31 seconds'")

    @pytest.fixture
    def slept(self, mailing):
        """A message that a worker took and said nothing of until its lease was over."""
        mailing.writes("one")
        mailing.writes("two")
        (message,) = queue.claim(16)
        self.time_passes()
        assert queue.expire_leases() == 1
        return message

    def row(self, message):
        return Message.objects.get(pk=message.id)

    def test_a_message_of_a_worker_that_is_gone_is_unknown_and_the_next_one_goes(self, mailing, slept):
        assert self.row(slept).status == "unknown"
        mailing.is_sent()
        assert mailing.graph.texts() == ["two"]

    def test_while_the_lease_runs_it_is_the_workers(self, mailing):
        mailing.writes()
        queue.claim(16)
        assert (queue.expire_leases(), queue.claim(16)) == (0, [])

    def test_late_news_that_it_was_sent_counts(self, slept):
        queue.record([(slept, Sent("wamid.9"))])
        row = self.row(slept)
        assert (row.status, row.provider_id, row.error) == ("sent", "wamid.9", "")

    def test_late_news_that_it_was_not_sent_does_not_turn_the_order_round(self, mailing, slept):
        mailing.is_sent()
        assert mailing.graph.texts() == ["two"]
        queue.record([queue.not_begun(slept)])
        assert (self.row(slept).status, self.row(slept).error) == ("failed", queue.OVERTAKEN)
        assert mailing.is_sent_again() == 0

    def test_late_news_that_it_was_not_sent_puts_it_back(self, mailing, slept):
        queue.record([queue.not_begun(slept)])
        assert self.row(slept).status == "queued"
        mailing.is_sent_again()
        assert mailing.graph.texts() == ["one", "two"]

    @pytest.mark.parametrize("outcome", [Again("no"), Failed("no"), Unknown("no")])
    def test_late_news_of_an_earlier_try_changes_nothing(self, mailing, slept, outcome):
        queue.record([queue.not_begun(slept)])
        Message.objects.update(due_at="2026-01-01T00:00:00Z")
        (again,) = queue.claim(16)
        queue.record([(slept, outcome)])
        assert self.row(slept).status == "sending"
        queue.record([(again, Sent("wamid.9"))])
        queue.record([(slept, outcome)])
        assert self.row(slept).status == "sent"

    def test_a_worker_that_slept_too_long_does_not_begin(self, mailing, monkeypatch):
        monkeypatch.setattr(queue, "BEGIN_SECONDS", -1)
        row = mailing.writes()
        claimed = queue.claim(16)
        queue.record([send_in_turn(claimed[0], 0.0)])
        assert (of(row).status, mailing.graph.requests) == ("queued", 0)
