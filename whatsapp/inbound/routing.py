"""Assigns events to businesses by the number that they came through. Pure functions; events stay unchanged."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from conversations.incoming import IncomingMessage, MessageEvent, MoveReport
from conversations.services.statuses import StatusReport
from leads.received import Received
from whatsapp.inbound.events import Event, StatusEvent
from whatsapp.outbound.requeue import TemporaryFailure
from whatsapp.wamids import token_of

# A status may be delivered again days later, when its cause has been fixed: only recent ones stop a number.
RECENT: Final = timedelta(minutes=15)


class Route(NamedTuple):
    """The channel, the business, the stored account and display number of a number."""

    channel_id: UUID
    user_id: UUID
    waba_id: str = ""
    display_number: str = ""


@dataclass(slots=True)
class Routed:
    """Events of connected numbers, the numbers that are not connected, and those that did not sign (`refused`)."""

    received: Received = field(default_factory=Received)
    temporary: list[TemporaryFailure] = field(default_factory=list)  # not among the statuses received
    unrouted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    # Channels that the provider has stopped, according to a recent status: the reason, and its time.
    stopped: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)


def route_events(
    events: Iterable[Event], routes: Mapping[str, Route], received_at: datetime, refused: Collection[str] = ()
) -> Routed:
    """Assign each event to its business. An event without the provider's time gets `received_at`.

    Events of the numbers in `refused` are left out: see Note [Whose secret] in authentication.py.
    """
    routed = Routed()
    unrouted: set[str] = set()
    left_out: set[str] = set()
    for event in events:
        route = routes.get(event.channel)
        if route is None:
            (left_out if event.channel in refused else unrouted).add(event.channel)
            continue
        at = event.provider_time or received_at
        if isinstance(event, MessageEvent):
            message = IncomingMessage(
                user_id=route.user_id,
                channel_id=route.channel_id,
                at=at,
                event=event,
                message_id=_message_id(event.callback_data) if event.callback_data else None,
                provider_token=token_of(event.provider_id),
            )
            routed.received.messages.append(message)
            if event.direction == "out":
                routed.received.statuses.append(_status_of_message(message))
        elif isinstance(event, StatusEvent):
            report = _report(route, event, at)
            if event.schedule:
                failure = TemporaryFailure(report=report, schedule=event.schedule, channel_id=route.channel_id)
                routed.temporary.append(failure)
            else:
                routed.received.statuses.append(report)
            if event.stops_number and received_at - at < RECENT:
                routed.stopped.setdefault(route.channel_id, (event.error, at))
        else:
            move = MoveReport(user_id=route.user_id, former=event.former, now=event.now, at=at)
            routed.received.moves.append(move)
    routed.unrouted, routed.refused = sorted(unrouted), sorted(left_out)
    return routed


def new_facts(
    accounts: Mapping[str, str], display_numbers: Mapping[str, str], routes: Mapping[str, Route]
) -> dict[UUID, tuple[str, str]]:
    """Return account and display number of each channel for which another account, or no display number, is stored."""
    facts = {}
    for number, route in routes.items():
        shown = route.display_number or display_numbers.get(number, "")
        account = accounts.get(number, route.waba_id)
        if (account, shown) != (route.waba_id, route.display_number):
            facts[route.channel_id] = (account, shown)
    return facts


def _status_of_message(message: IncomingMessage) -> StatusReport:
    """The status of an outgoing message as a separate report: see Note [Parked statuses]."""
    return StatusReport(
        user_id=message.user_id,
        provider_id=message.event.provider_id,
        provider_token=message.provider_token,
        message_id=message.message_id,
        status=message.event.status,
        at=message.at,
    )


def _report(route: Route, event: StatusEvent, at: datetime) -> StatusReport:
    return StatusReport(
        user_id=route.user_id,
        provider_id=event.provider_id,
        provider_token=token_of(event.provider_id),
        message_id=_message_id(event.callback_data),
        status=event.status,
        at=at,
        error=event.error,
        details=event.details,
        opts_out=event.opts_out,
        recipient=event.recipient,
    )


def _message_id(callback_data: str) -> UUID | None:
    """Our id of the message, from the provider's callback data; None where that is not a UUID."""
    try:
        return UUID(callback_data)
    except ValueError:
        return None
