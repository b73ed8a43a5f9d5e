"""Which message is claimed next: order, rate limits, leases and channels."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Conversation, Customer, Message
from tests.whatsapp.graph import (
    RESET_ACCEPTED,
    error,
)
from tests.whatsapp.mailing import AMINA, BRUNO, Mailing, reloaded
from whatsapp.models import Channel
from whatsapp.outbound import queue
from whatsapp.outbound.outcomes import Failed, Retry, Sent, Unknown
from whatsapp.outbound.resolve import leave
from whatsapp.outbound.worker import send_in_turn


class TestOrderAndRate:
    def test_a_customer_gets_one_message_at_a_time_and_in_order(self, mailing):
        for text in ["one", "two", "three"]:
            mailing.writes(text)
        mailing.writes("for Bruno", to=BRUNO)
        claimed = queue.claim(16)
        assert [message.content for message in claimed] == ["one", "for Bruno"]
        assert queue.claim(16) == []
        queue.record([(message, Sent(f"wamid.{message.id}")) for message in claimed])
        assert [message.content for message in queue.claim(16)] == ["two"]

    def test_a_customer_with_several_conversations_gets_one_message_at_a_time(self, mailing):
        mailing.writes("one")
        Conversation.objects.update(status="archived")
        mailing.writes("two")
        (first,) = queue.claim(16)
        assert (first.content, queue.claim(16)) == ("one", [])

    def test_messages_after_a_failed_or_unknown_one_are_sent(self, mailing):
        for text in ["one", "two", "three"]:
            mailing.writes(text)
        mailing.graph.queue_reactions(error(131026), RESET_ACCEPTED)
        mailing.send_due()
        assert mailing.states() == [("one", "failed"), ("two", "unknown"), ("three", "sent")]

    def test_a_number_keeps_its_rate_limit(self, mailing, settings):
        settings.WHATSAPP_MESSAGES_PER_SECOND = 50
        for number in range(20):
            mailing.writes(to=f"+49151000000{number:02}")
        claimed = queue.claim(16)
        assert [round(message.wait, 3) for message in claimed] == [0, 0.02, 0.04, 0.06, 0.08, 0.1]
        Channel.objects.update(paced_until=timezone.now() + timedelta(seconds=10))
        assert queue.claim(16) == []

    def test_messages_are_sent_when_the_databases_clock_was_moved_back(self, mailing):
        hour = timedelta(hours=1)
        mailing.writes("due before")
        mailing.writes("being sent", to=BRUNO)
        Message.objects.filter(content="being sent").update(status="sending", leased_until=timezone.now() + hour)
        Message.objects.filter(content="due before").update(due_at=timezone.now() + hour)
        for pacing in (Channel, Customer):
            pacing.objects.update(paced_until=timezone.now() + hour)
        assert queue.claim(16) == []

        queue.move_times(-hour)

        assert [message.content for message in queue.claim(16)] == ["due before"]
        assert queue.expire_leases() == 1

    def test_a_lease_that_began_after_the_databases_clock_was_moved_back_is_not_shortened(self, mailing):
        mailing.writes("with a file")
        Message.objects.update(extras={"media": {"kind": "image"}})
        queue.claim(16)
        before = Message.objects.get().leased_until

        queue.move_times(-timedelta(hours=1))

        assert Message.objects.get().leased_until == before

    def test_a_number_with_a_long_queue_does_not_block_the_others(self, mailing, stranger):
        for number in range(20):
            mailing.writes(to=f"+49151000000{number:02}")
        other = Mailing(stranger, mailing.graph, number="222")
        other.writes("for Bruno", to=BRUNO)
        claimed = [*queue.claim(4), *queue.claim(4)]
        assert "for Bruno" in [message.content for message in claimed]

    def test_a_customer_gets_a_burst_and_then_one_message_each_interval(self, mailing, settings):
        settings.WHATSAPP_PAIR_BURST, settings.WHATSAPP_PAIR_SECONDS = 3, 6
        for number in range(5):
            mailing.writes(f"{number}")
        mailing.send_due()
        assert mailing.graph.texts(AMINA) == ["0", "1", "2"]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers SET paced_until = paced_until - interval '6 seconds'")
        mailing.send_due()
        assert mailing.graph.texts(AMINA) == ["0", "1", "2", "3"]


class TestLeases:
    """See Note [Sent once] in whatsapp/outbound/queue.py."""

    @staticmethod
    def let_leases_expire():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE messages SET leased_until = leased_until - interval '31 seconds'")

    @pytest.fixture
    def expired(self, mailing):
        """A message whose lease expired before the worker recorded an outcome."""
        mailing.writes("one")
        mailing.writes("two")
        (message,) = queue.claim(16)
        self.let_leases_expire()
        assert queue.expire_leases() == 1
        return message

    def row(self, message):
        return Message.objects.get(pk=message.id)

    def test_a_message_with_an_expired_lease_is_unknown_and_the_next_one_is_sent(self, mailing, expired):
        assert self.row(expired).status == "unknown"
        mailing.send_due()
        assert mailing.graph.texts() == ["two"]

    def test_a_leased_message_is_not_claimed_again(self, mailing):
        mailing.writes()
        queue.claim(16)
        assert (queue.expire_leases(), queue.claim(16)) == (0, [])

    def test_a_late_record_that_it_was_sent_is_applied(self, expired):
        queue.record([(expired, Sent("wamid.9"))])
        row = self.row(expired)
        assert (row.status, row.provider_id, row.error) == ("sent", "wamid.9", "")

    def test_a_late_record_that_it_was_not_sent_does_not_change_the_order(self, mailing, expired):
        mailing.send_due()
        assert mailing.graph.texts() == ["two"]
        queue.record([queue.not_attempted(expired)])
        assert (self.row(expired).status, self.row(expired).error) == ("failed", queue.OVERTAKEN)
        assert mailing.send_all() == 0

    @pytest.mark.parametrize("outcome", [Failed("no"), Retry("later")])
    def test_later_messages_that_were_not_sent_do_not_count_as_sent_before_it(self, mailing, expired, outcome):
        (later,) = queue.claim(16)
        queue.record([(later, outcome)])
        queue.record([queue.not_attempted(expired)])
        assert self.row(expired).status == "queued"
        mailing.send_all()
        mailing.send_all()
        assert mailing.graph.texts()[0] == "one"

    def test_a_late_record_that_it_was_not_sent_queues_it_again(self, mailing, expired):
        queue.record([queue.not_attempted(expired)])
        assert self.row(expired).status == "queued"
        mailing.send_all()
        assert mailing.graph.texts() == ["one", "two"]

    def test_a_late_record_that_it_was_not_sent_does_not_queue_one_that_staff_have_left(self, mailing, expired):
        leave(message=self.row(expired))
        queue.record([queue.not_attempted(expired)])
        mailing.send_all()
        assert mailing.states() == [("one", "unknown"), ("two", "sent")]

    @pytest.mark.parametrize("outcome", [Retry("no"), Failed("no"), Unknown("no")])
    def test_a_late_record_of_an_earlier_attempt_changes_nothing(self, mailing, expired, outcome):
        queue.record([queue.not_attempted(expired)])
        Message.objects.update(due_at="2026-01-01T00:00:00Z")
        (second_claim,) = queue.claim(16)
        queue.record([(expired, outcome)])
        assert self.row(expired).status == "sending"
        queue.record([(second_claim, Sent("wamid.9"))])
        queue.record([(expired, outcome)])
        assert self.row(expired).status == "sent"

    def test_a_worker_that_is_too_late_does_not_send(self, mailing, monkeypatch):
        monkeypatch.setattr(queue, "BEGIN_SECONDS", -1)
        row = mailing.writes()
        claimed = queue.claim(16)
        queue.record([send_in_turn(claimed[0], 0.0)])
        assert (reloaded(row).status, mailing.graph.requests) == ("queued", 0)
