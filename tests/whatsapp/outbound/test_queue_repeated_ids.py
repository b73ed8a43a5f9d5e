"""A provider that answers several messages with the same id."""

from conversations.models import Message
from tests.whatsapp.mailing import AMINA, BRUNO, Mailing, reloaded
from whatsapp.outbound import queue
from whatsapp.outbound.outcomes import Outgoing, Sent

SAME = "wamid.the-same"


def sent(*messages: Outgoing) -> None:
    queue.record([(message, Sent(SAME)) for message in messages])


def test_the_second_message_is_unknown_at_once(mailing: Mailing) -> None:
    first, second = mailing.writes(), mailing.writes(to=BRUNO)
    sent(*queue.claim(1))
    sent(*queue.claim(1))
    assert [reloaded(first).status, reloaded(second).status] == ["sent", "unknown"]
    assert reloaded(second).error == queue.REPEATED_ID
    assert reloaded(second).leased_until is None


def test_so_are_all_but_one_that_are_recorded_together(mailing: Mailing) -> None:
    for number in range(5):
        mailing.writes(to=f"+491510000000{number}")
    sent(*queue.claim(16))
    assert sorted(status for _, status in mailing.states()) == ["sent", *["unknown"] * 4]


def test_the_next_message_to_the_customer_is_sent(mailing: Mailing) -> None:
    for text in ("one", "two", "three"):
        mailing.writes(text)
    for _ in range(2):
        sent(*queue.claim(16))
    (third,) = queue.claim(16)
    queue.record([(third, Sent("wamid.another"))])
    assert mailing.states() == [("one", "sent"), ("two", "unknown"), ("three", "sent")]


def test_a_repeated_record_changes_nothing(mailing: Mailing) -> None:
    message = mailing.writes(to=AMINA)
    claimed = queue.claim(16)
    for _ in range(2):
        queue.record([(one, Sent("wamid.one")) for one in claimed])
    assert reloaded(message).status == "sent"
    assert Message.objects.count() == 1
