"""Many numbers, long queues and slow providers of one business do not delay the messages of another."""

import threading
import time

import pytest

from conversations.models import Message
from tests.site import until
from tests.whatsapp.mailing import Mailing
from whatsapp.models import Channel
from whatsapp.outbound import providers, queue
from whatsapp.outbound.outcomes import Sent
from whatsapp.outbound.worker import Sender

NUMBERS, EACH = 12, 2


def fill(greedy: Mailing) -> None:
    """Messages due from many numbers of a business, to a customer each."""
    rows = [greedy.writes(to=f"+4915{number:09}") for number in range(NUMBERS * EACH)]
    for number in range(NUMBERS):
        channel = Channel.objects.create(user=greedy.business.user, phone_number_id=f"10{number:04}")
        channel.encrypted_access_token = greedy.channel.encrypted_access_token
        channel.save()
        ids = [row.pk for row in rows[number * EACH : (number + 1) * EACH]]
        Message.objects.filter(pk__in=ids).update(channel_id=channel.pk)


@pytest.fixture
def other(mailing, stranger):
    return Mailing(stranger, mailing.graph, number="20999")


@pytest.mark.django_db
def test_businesses_alternate_however_many_numbers_they_have(mailing, stranger):
    fill(mailing)
    other = Mailing(stranger, mailing.graph, number="20999")
    other.writes("the other's", to="+4915999999999")
    claimed = queue.claim(8)
    assert len(claimed) == 8
    assert "the other's" in [message.content for message in claimed]


@pytest.mark.django_db
def test_a_business_takes_its_share_of_a_worker(mailing, other):
    fill(mailing)
    own = mailing.business.id
    claimed = queue.claim(20, of_business=6)
    assert [message.user_id for message in claimed] == [own] * 6
    assert len(queue.claim(20, of_business=8, in_flight={own: 6})) == 2
    assert queue.claim(20, of_business=8, in_flight={own: 8}) == []
    other.writes("the other's", to="+4915999999999")
    assert [message.user_id for message in queue.claim(20, of_business=8, in_flight={own: 8})] == [other.business.id]


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_hangs_for_one_business_keeps_no_other_waiting(mailing, other, monkeypatch):
    hangs, own = threading.Event(), mailing.business.id

    def send(message):
        if message.user_id == own:
            hangs.wait(30)
        return Sent(f"wamid.{message.id}")

    monkeypatch.setattr(providers, "send", send)
    fill(mailing)
    sender = Sender(4)
    sender.start()
    try:
        until(lambda: Message.objects.filter(status="sending").count() == 5, seconds=5)
        time.sleep(0.1)
        row = other.writes("the other's", to="+4915999999999")
        sender.wake()
        until(lambda: Message.objects.get(pk=row.pk).status == "sent", seconds=5)
        assert not Message.objects.filter(user=mailing.business.user, status="sent").exists()
    finally:
        hangs.set()
        sender.stop()
        sender.join(30)
