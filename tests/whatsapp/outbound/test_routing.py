"""The choice of channel and address for a message."""

from uuid import UUID

import pytest

from whatsapp.outbound.routing import LastInbound, Route, choose_route

FIRST, SECOND, GONE = UUID(int=1), UUID(int=2), UUID(int=3)
AMINA, AMINA_ID = "+4915123456789", "US.13491208655302741918"


@pytest.mark.parametrize(("wrote_to", "goes_through"), [(SECOND, SECOND), (FIRST, FIRST), (GONE, FIRST), (None, FIRST)])
def test_it_is_sent_through_the_number_that_the_customer_wrote_to_if_it_is_active(wrote_to, goes_through):
    last = LastInbound(address=AMINA, channel_id=wrote_to)
    assert choose_route(address=AMINA, last=last, channel_ids=[FIRST, SECOND]) == Route(goes_through, AMINA)


def test_a_message_waits_without_an_active_number():
    assert choose_route(address=AMINA, last=LastInbound(channel_id=GONE), channel_ids=[]) == Route(None, AMINA)


def test_the_address_has_the_form_in_which_the_customer_wrote():
    last = LastInbound(address="+5215512345678")
    assert choose_route(address="+525512345678", last=last, channel_ids=[]).address == "+5215512345678"


@pytest.mark.parametrize(("may_answer", "goes_to"), [(AMINA_ID, AMINA_ID), (None, AMINA)])
def test_a_reply_goes_to_the_user_id_that_the_customer_wrote_from_and_a_template_to_the_phone(may_answer, goes_to):
    last = LastInbound(address=AMINA_ID)
    assert choose_route(address=AMINA, last=last, channel_ids=[], answers_user_id=may_answer).address == goes_to


def test_a_former_address_is_not_used():
    assert choose_route(address=AMINA, last=LastInbound(address="+4915100000002"), channel_ids=[]).address == AMINA
