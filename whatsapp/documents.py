"""From events of numbers to documents of businesses: what leads.receiving stores."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from conversations.identity import phone_key
from leads.receiving import Received
from whatsapp.events import Event, MessageEvent, MoveEvent, Party, StatusEvent


class Documents:
    """Collects the events of numbers that have an owner, and the numbers that have none."""

    def __init__(self, owners: Mapping[str, UUID], received_at: datetime) -> None:
        self.received = Received()
        self._unrouted: set[str] = set()
        self._owners = owners
        self._received_at = received_at
        self._partners: dict[tuple[str, str], Party] = {}

    def add(self, events: Iterable[Event]) -> None:
        routed = []
        for event in events:
            owner = self._owners.get(event.channel)
            if owner is None:
                self._unrouted.add(event.channel)
            else:
                routed.append((str(owner), event))
        for user_id, event in routed:
            if isinstance(event, MessageEvent):
                self._introduce(user_id, event.customer)
        for user_id, event in routed:
            if isinstance(event, MessageEvent):
                self._add_message(user_id, event)
            elif isinstance(event, StatusEvent):
                self._add_status(user_id, event)
            else:
                self._add_move(user_id, event)

    @property
    def unrouted(self) -> list[str]:
        return sorted(self._unrouted)

    def _introduce(self, user_id: str, party: Party) -> None:
        """Remember that a phone number and a WhatsApp user id are one person's, for messages that bear only one."""
        if party.phone and party.whatsapp_user_id:
            self._partners[user_id, phone_key(party.phone)] = party
            self._partners[user_id, party.whatsapp_user_id] = party

    def _whole(self, user_id: str, party: Party) -> Party:
        """The party with the identifier that another message of this delivery adds."""
        if party.phone and party.whatsapp_user_id:
            return party
        key = phone_key(party.phone) if party.phone else party.whatsapp_user_id
        return self._partners.get((user_id, key or ""), party)

    def _add_message(self, user_id: str, event: MessageEvent) -> None:
        customer = self._whole(user_id, event.customer)
        self.received.messages.append(
            {
                "user_id": user_id,
                "phone": customer.phone,
                "whatsapp_user_id": customer.whatsapp_user_id,
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
            # What is known of it may have come before it, and waits: see mark_messages.sql.
            self._add_status(user_id, event)

    def _add_status(self, user_id: str, event: StatusEvent | MessageEvent) -> None:
        report = event if isinstance(event, StatusEvent) else None
        self.received.statuses.append(
            {
                "user_id": user_id,
                "provider_id": event.provider_id,
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


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
