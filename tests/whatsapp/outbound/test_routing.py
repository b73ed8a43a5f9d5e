"""The choice of number and address for a message."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from conversations.models.outgoing.outbox import Chat
from whatsapp.models import SendingChannel
from whatsapp.outbound.routing import Route, choose_route

FIRST, SECOND = SendingChannel(UUID(int=1), "cloud"), SendingChannel(UUID(int=2), "twilio")
GONE = UUID(int=3)
AMINA, AMINA_ID = "+4915123456789", "US.13491208655302741918"
NOON, MORNING = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)


def stopped(channel: SendingChannel) -> SendingChannel:
    return channel._replace(is_stopped=True)


@pytest.mark.parametrize(
    ("wrote_to", "route"),
    [
        (SECOND.id, Route(SECOND, AMINA, NOON)),
        (FIRST.id, Route(FIRST, AMINA, NOON)),
        (GONE, Route(FIRST, AMINA)),
        (None, Route(FIRST, AMINA)),
    ],
)
def test_it_is_sent_through_the_number_that_the_customer_wrote_to_if_it_is_active(wrote_to, route):
    chats = [Chat(wrote_to, AMINA, NOON)] if wrote_to else []
    assert choose_route(address=AMINA, chats=chats, channels=[FIRST, SECOND]) == route


def test_the_window_is_that_of_the_number_that_sends():
    chats = [Chat(GONE, AMINA, NOON), Chat(SECOND.id, AMINA, MORNING)]
    assert choose_route(address=AMINA, chats=chats, channels=[FIRST, SECOND]).last_inbound_at == MORNING
    assert choose_route(address=AMINA, chats=chats, channels=[FIRST]).last_inbound_at is None


@pytest.mark.parametrize(
    ("channels", "chosen"),
    [
        ([FIRST, SECOND], SECOND),
        ([FIRST, stopped(SECOND)], FIRST),
        ([stopped(FIRST), SECOND], SECOND),
        ([stopped(FIRST), stopped(SECOND)], stopped(SECOND)),
    ],
)
def test_a_number_that_is_not_stopped_is_preferred_to_the_one_that_the_customer_wrote_to(channels, chosen):
    chats = [Chat(SECOND.id, AMINA, NOON)]
    assert choose_route(address=AMINA, chats=chats, channels=channels).channel == chosen


def test_a_message_waits_without_an_active_number():
    assert choose_route(address=AMINA, chats=[Chat(GONE, "", NOON)], channels=[]) == Route(None, AMINA)


def test_the_address_has_the_form_in_which_the_customer_wrote():
    chats = [Chat(GONE, "+5215512345678", NOON)]
    assert choose_route(address="+525512345678", chats=chats, channels=[]).address == "+5215512345678"


@pytest.mark.parametrize(("may_answer", "goes_to"), [(AMINA_ID, AMINA_ID), (None, AMINA)])
def test_a_reply_goes_to_the_user_id_that_the_customer_wrote_from_and_a_template_to_the_phone(may_answer, goes_to):
    chats = [Chat(FIRST.id, AMINA_ID, NOON)]
    route = choose_route(address=AMINA, chats=chats, channels=[FIRST], answers_user_id=may_answer)
    assert route.address == goes_to


def test_a_former_address_is_not_used():
    chats = [Chat(FIRST.id, "+4915100000002", NOON)]
    assert choose_route(address=AMINA, chats=chats, channels=[FIRST]).address == AMINA
