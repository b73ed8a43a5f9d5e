"""Events are routed to the business whose number they arrived through."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from conversations.incoming import MessageEvent, MoveEvent, Opens, Sender
from whatsapp.inbound.events import StatusEvent
from whatsapp.inbound.routing import RECENT, Route, route_events

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AMINA = Sender(phone="+4915123456789", whatsapp_user_id=None)
CHANNEL, BUSINESS = UUID(int=1), UUID(int=2)
ROUTES = {"111": Route(CHANNEL, BUSINESS)}


def message(channel: str = "111", direction: str = "in", at: datetime | None = NOW) -> MessageEvent:
    return MessageEvent(
        channel=channel,
        customer=AMINA,
        provider_id="wamid.1",
        direction=direction,
        kind="text",
        content="Hello",
        provider_time=at,
        opens=Opens.LEAD,
        status="received" if direction == "in" else "sent",
    )


def failed(at: datetime | None = NOW, **fields: Any) -> StatusEvent:
    return StatusEvent(
        channel="111", provider_id="wamid.1", status="failed", provider_time=at, error="Unpaid", **fields
    )


def test_a_message_is_routed_to_its_business_with_the_time_of_the_provider_or_of_arrival() -> None:
    earlier = NOW - timedelta(hours=1)
    routed = route_events([message(at=earlier), message(at=None)], ROUTES, NOW)
    assert [(one.user_id, one.channel_id, one.at) for one in routed.received.messages] == [
        (BUSINESS, CHANNEL, earlier),
        (BUSINESS, CHANNEL, NOW),
    ]
    assert (routed.received.statuses, routed.unrouted) == ([], [])


def test_an_outgoing_message_is_also_a_status() -> None:
    (status,) = route_events([message(direction="out")], ROUTES, NOW).received.statuses
    assert (status.key, status.status, status.at) == ((BUSINESS, "wamid.1"), "sent", NOW)


def test_each_number_that_is_not_connected_is_named_once() -> None:
    routed = route_events([message("333"), message("222"), message("333")], ROUTES, NOW)
    assert (routed.unrouted, len(routed.received)) == (["222", "333"], 0)


@pytest.mark.parametrize(("data", "expected"), [(str(UUID(int=3)), UUID(int=3)), ("not a UUID", None), ("", None)])
def test_a_status_has_our_id_of_the_message_if_the_callback_data_is_a_uuid(data: str, expected: UUID | None) -> None:
    (status,) = route_events([failed(callback_data=data)], ROUTES, NOW).received.statuses
    assert (status.message_id, status.error) == (expected, "Unpaid")


@pytest.mark.parametrize(("age", "stops"), [(timedelta(0), True), (RECENT, False), (timedelta(days=3), False)])
def test_only_a_recent_status_stops_a_number(age: timedelta, stops: bool) -> None:
    routed = route_events([failed(NOW - age, stops_number=True)], ROUTES, NOW)
    assert routed.stopped == ({CHANNEL: ("Unpaid", NOW - age)} if stops else {})


def test_a_move_is_routed_to_the_business() -> None:
    now = Sender(phone="+4915100000001", whatsapp_user_id=None)
    event = MoveEvent(channel="111", former=AMINA, now=now, provider_time=None)
    (move,) = route_events([event], ROUTES, NOW).received.moves
    assert (move.user_id, move.former, move.now, move.at) == (BUSINESS, AMINA, now, NOW)
