"""From events of numbers to documents of businesses: what leads.receiving stores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from conversations.identity import phone_key
from leads.receiving import Received
from whatsapp.events import Event, MessageEvent, MoveEvent, Opens, Party, StatusEvent


@dataclass(slots=True)
class _Person:
    """All that one delivery says of one customer."""

    index: int
    phone: str | None
    whatsapp_user_id: str | None
    at: datetime
    name: str = ""
    name_at: datetime | None = None
    is_known: bool = True  # only notices to a customer who is there already


class Documents:
    """Collects the events of numbers that have an owner, and the numbers that have none."""

    def __init__(self, owners: Mapping[str, UUID], received_at: datetime) -> None:
        self.received = Received()
        self._unrouted: set[str] = set()
        self._owners = owners
        self._received_at = received_at
        self._people: dict[tuple[str, str | None, str | None], _Person] = {}
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
        self.received.people = [
            {
                "user_id": user_id,
                "phone": person.phone,
                "whatsapp_user_id": person.whatsapp_user_id,
                "name": person.name,
                "name_at": _text(person.name_at),
                "at": _text(person.at),
                "is_known": person.is_known,
            }
            for (user_id, _, _), person in self._people.items()
        ]

    @property
    def unrouted(self) -> list[str]:
        return sorted(self._unrouted)

    def _introduce(self, user_id: str, party: Party) -> None:
        """Remember that a phone number and a WhatsApp user id are one person's, for messages that bear only one."""
        if party.phone and party.whatsapp_user_id:
            self._partners[user_id, phone_key(party.phone)] = party
            self._partners[user_id, party.whatsapp_user_id] = party

    def _person(self, user_id: str, event: MessageEvent, at: datetime) -> int:
        party = event.customer
        phone, whatsapp_user_id = party.phone, party.whatsapp_user_id
        if phone is None and whatsapp_user_id is not None:
            partner = self._partners.get((user_id, whatsapp_user_id))
            phone = partner.phone if partner else None
        elif phone is not None and whatsapp_user_id is None:
            partner = self._partners.get((user_id, phone_key(phone)))
            whatsapp_user_id = partner.whatsapp_user_id if partner else None
        key = (user_id, phone and phone_key(phone), whatsapp_user_id)
        person = self._people.get(key)
        if person is None:
            person = self._people[key] = _Person(len(self._people), phone, whatsapp_user_id, at)
        if at < person.at:
            person.at = at
            person.phone = party.phone or person.phone
        if party.name and (person.name_at is None or (at, party.name) < (person.name_at, person.name)):
            person.name, person.name_at = party.name, at
        person.is_known = person.is_known and event.opens is Opens.NOTHING
        return person.index

    def _add_message(self, user_id: str, event: MessageEvent) -> None:
        at = event.provider_time or self._received_at
        self.received.messages.append(
            {
                "person": self._person(user_id, event, at),
                "user_id": user_id,
                "direction": event.direction,
                "kind": event.kind,
                "content": event.content,
                "provider_id": event.provider_id,
                "status": event.status,
                "provider_time": _text(event.provider_time),
                "at": _text(at),
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
                "at": _text(event.provider_time),
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
