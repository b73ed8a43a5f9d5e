"""Join, reopen or open: the rule for a customer who writes again, and for what does not come from the customer."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.incoming import IncomingMessage, MessageEvent, Opens, Sender, distinct_messages
from conversations.placing import Newest, Place, Way, touches_of

BUSINESS, CUSTOMER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def message(opens=Opens.LEAD, at=0, direction="in", kind="text", provider_id=None):
    moment = NOON + timedelta(seconds=at)
    event = MessageEvent(
        channel="1",
        customer=Sender(phone="+1234567890", whatsapp_user_id=None),
        provider_id=provider_id or f"wamid.{at}",
        direction=direction,
        kind=kind,
        content="",
        provider_time=moment,
        opens=opens,
    )
    return IncomingMessage(user_id=BUSINESS, channel_id=UUID(int=3), at=moment, event=event)


def touch(status, *messages):
    place = Place(None, None, Newest(uuid4(), status) if status else None)
    (one,) = touches_of([(said, CUSTOMER, place) for said in messages])
    return one


@pytest.mark.parametrize(
    ("status", "opens", "way"),
    [
        (None, Opens.LEAD, Way.JOIN_OR_OPEN),
        ("active", Opens.LEAD, Way.JOIN_OR_OPEN),
        ("completed", Opens.LEAD, Way.REOPEN),
        ("archived", Opens.LEAD, Way.JOIN_OR_OPEN),
        (None, Opens.CONVERSATION, Way.JOIN_OR_OPEN),
        ("active", Opens.CONVERSATION, Way.JOIN_OR_OPEN),
        ("completed", Opens.CONVERSATION, Way.JOIN),
        ("archived", Opens.CONVERSATION, Way.JOIN),
        (None, Opens.NOTHING, Way.NONE),
        ("active", Opens.NOTHING, Way.JOIN),
        ("completed", Opens.NOTHING, Way.JOIN),
        ("archived", Opens.NOTHING, Way.JOIN),
    ],
)
def test_the_way_to_the_conversation(status, opens, way):
    assert touch(status, message(opens)).way is way


def test_of_several_messages_the_one_that_opens_most_decides():
    assert touch("completed", message(Opens.NOTHING), message(Opens.CONVERSATION), message()).way is Way.REOPEN
    assert touch(None, message(Opens.NOTHING), message(Opens.CONVERSATION)).way is Way.JOIN_OR_OPEN


def test_only_what_came_in_and_is_a_message_opens_the_window():
    notice, sent = message(Opens.NOTHING, at=3), message(Opens.CONVERSATION, at=2, direction="out")
    one = touch("active", message(at=1), sent, notice)
    assert (one.last_inbound_at, one.last_message_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
    assert touch("active", sent).last_inbound_at is None


def test_what_is_here_and_what_has_no_customer_touches_nothing():
    place = Place(uuid4(), "text", Newest(uuid4(), "completed"))
    assert touches_of([(message(), CUSTOMER, place), (message(Opens.NOTHING), None, place._replace(here=None))]) == []


@given(st.lists(st.sampled_from(["text", "unsupported", "image"]), min_size=1))
def test_of_one_message_the_first_that_is_no_placeholder_counts(kinds):
    (one,) = distinct_messages([message(kind=kind, provider_id="wamid.1") for kind in kinds])
    assert one.event.kind == next((kind for kind in kinds if kind != "unsupported"), "unsupported")
    assert one.completes("unsupported") == (one.event.kind != "unsupported")
    assert not one.completes("text")
