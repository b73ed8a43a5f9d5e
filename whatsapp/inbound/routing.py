"""From events of numbers to documents of businesses: what leads.services.receive stores."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from leads.services.receive import Received
from whatsapp.inbound.events import Event, MessageEvent, MoveEvent, StatusEvent

NEWS: Final = timedelta(minutes=15)


class Route(NamedTuple):
    """Where a number's events belong."""

    channel_id: UUID
    user_id: UUID


class Documents:
    """Collects the events of numbers that have an owner, and the numbers that have none."""

    def __init__(self, routes: Mapping[str, Route], received_at: datetime) -> None:
        self.received = Received()
        # Numbers that their provider refuses as such, by what a status has just said: the reason, and when.
        self.stopped: dict[UUID, tuple[str, datetime]] = {}
        self._unrouted: set[str] = set()
        self._routes = routes
        self._received_at = received_at

    def add(self, events: Iterable[Event]) -> None:
        routed = []
        for event in events:
            route = self._routes.get(event.channel)
            if route is None:
                self._unrouted.add(event.channel)
            else:
                routed.append((route, event))
        for route, event in routed:
            user_id = str(route.user_id)
            if isinstance(event, StatusEvent) and event.stops_number and self._is_news(event):
                self.stopped.setdefault(route.channel_id, (event.error, event.provider_time or self._received_at))
            if isinstance(event, MessageEvent):
                self._add_message(user_id, str(route.channel_id), event)
            elif isinstance(event, StatusEvent):
                self._add_status(user_id, event)
            else:
                self._add_move(user_id, event)

    def _is_news(self, event: StatusEvent) -> bool:
        """Not one that comes again, days after somebody has mended the cause."""
        return event.provider_time is None or self._received_at - event.provider_time < NEWS

    @property
    def unrouted(self) -> list[str]:
        return sorted(self._unrouted)

    def _add_message(self, user_id: str, channel_id: str, event: MessageEvent) -> None:
        self.received.messages.append(
            {
                "user_id": user_id,
                "channel_id": channel_id,
                "phone": event.customer.phone,
                "whatsapp_user_id": event.customer.whatsapp_user_id,
                "name": event.customer.name,
                "direction": event.direction,
                "kind": event.kind,
                "content": event.content,
                "provider_id": event.provider_id,
                "status": event.status,
                "provider_time": _text(event.provider_time),
                "at": _text(event.provider_time or self._received_at),
                "extras": event.extras,
                "opens": event.opens,
            }
        )
        if event.direction == "out":
            # What is known of it may have come before it, and waits: see Note [Parked statuses].
            self._add_status(user_id, event)

    def _add_status(self, user_id: str, event: StatusEvent | MessageEvent) -> None:
        report = event if isinstance(event, StatusEvent) else None
        self.received.statuses.append(
            {
                "user_id": user_id,
                "provider_id": event.provider_id,
                "message_id": _message_id(report.callback_data) if report else None,
                "status": event.status,
                "at": _text(event.provider_time or self._received_at),
                "error": report.error if report else "",
                "details": report.details if report else {},
            }
        )

    def _add_move(self, user_id: str, event: MoveEvent) -> None:
        self.received.moves.append(
            {
                "user_id": user_id,
                "phone": event.former.phone,
                "whatsapp_user_id": event.former.whatsapp_user_id,
                "new_phone": event.now.phone,
                "new_whatsapp_user_id": event.now.whatsapp_user_id,
                "at": _text(event.provider_time or self._received_at),
            }
        )


def _message_id(callback_data: str) -> str | None:
    """Our own id of the message, in what the provider gives back; None for what is none."""
    try:
        return str(UUID(callback_data))
    except ValueError:
        return None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
