"""Whose events these are: from numbers of providers to businesses. What is in an event stays as it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from conversations.incoming import IncomingMessage, MessageEvent, MoveReport
from conversations.services.statuses import StatusReport
from leads.services.receive import Received
from whatsapp.inbound.events import Event, StatusEvent

# A status that comes later than this comes again, perhaps days after somebody has fixed what it complains of.
RECENT: Final = timedelta(minutes=15)


class Route(NamedTuple):
    """Where a number's events belong."""

    channel_id: UUID
    user_id: UUID


@dataclass(slots=True)
class Routed:
    """Events of numbers that have an owner, and the numbers that have none."""

    received: Received = field(default_factory=Received)
    unrouted: list[str] = field(default_factory=list)
    # Numbers that their provider refuses as such, by what a status has just said: the reason, and when.
    stopped: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)


def route_events(events: Iterable[Event], routes: Mapping[str, Route], received_at: datetime) -> Routed:
    """Give each event its owner. One without the provider's time counts as of `received_at`."""
    routed, unrouted = Routed(), set()
    for event in events:
        route = routes.get(event.channel)
        if route is None:
            unrouted.add(event.channel)
            continue
        at = event.provider_time or received_at
        if isinstance(event, MessageEvent):
            message = IncomingMessage(user_id=route.user_id, channel_id=route.channel_id, at=at, event=event)
            routed.received.messages.append(message)
            if event.direction == "out":
                routed.received.statuses.append(_status_of_message(route, event, at))
        elif isinstance(event, StatusEvent):
            routed.received.statuses.append(_report(route, event, at))
            if event.stops_number and received_at - at < RECENT:
                routed.stopped.setdefault(route.channel_id, (event.error, at))
        else:
            move = MoveReport(user_id=route.user_id, former=event.former, now=event.now, at=at)
            routed.received.moves.append(move)
    routed.unrouted = sorted(unrouted)
    return routed


def _status_of_message(route: Route, event: MessageEvent, at: datetime) -> StatusReport:
    """What is known of a message may have come before it, and waits: see Note [Parked statuses]."""
    return StatusReport(user_id=route.user_id, provider_id=event.provider_id, status=event.status, at=at)


def _report(route: Route, event: StatusEvent, at: datetime) -> StatusReport:
    return StatusReport(
        user_id=route.user_id,
        provider_id=event.provider_id,
        message_id=_message_id(event.callback_data),
        status=event.status,
        at=at,
        error=event.error,
        details=event.details,
    )


def _message_id(callback_data: str) -> UUID | None:
    """Our own id of the message, in what the provider gives back; None for what is none."""
    try:
        return UUID(callback_data)
    except ValueError:
        return None
