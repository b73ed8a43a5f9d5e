"""Reads the sender of a message: phone number and business-scoped user id (BSUID), wherever Meta puts them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from conversations.incoming import Sender
from conversations.models import NAME_MAX_LENGTH, WHATSAPP_USER_ID_MAX_LENGTH
from conversations.phone import PhoneInvalid, normalise, phone_key, plain
from conversations.visible_text import visible_text
from whatsapp.json_parts import Part, objects_of, text_of

# Of a status; in a group the recipient_id is the group's.
STATUS_RECIPIENT: Final[dict[str, tuple[str, ...]]] = {
    "numbers": ("recipient_participant_id", "recipient_id"),
    "ids": ("recipient_participant_user_id", "recipient_user_id"),
}


@dataclass(slots=True)
class Identifiers:
    """A phone number (E.164), a WhatsApp user id, both or neither."""

    phone: str | None = None
    whatsapp_user_id: str | None = None

    def __bool__(self) -> bool:
        return bool(self.phone or self.whatsapp_user_id)

    def __or__(self, other: "Identifiers") -> "Identifiers":
        return Identifiers(self.phone or other.phone, self.whatsapp_user_id or other.whatsapp_user_id)

    @property
    def keys(self) -> list[str]:
        """Keys by which the person is found, the same for all spellings of the number."""
        return [key for key in (self.whatsapp_user_id, self.phone and phone_key(self.phone)) if key]

    def meets(self, other: "Identifiers") -> bool:
        return not set(self.keys).isdisjoint(other.keys)

    def sender(self, name: str = "") -> Sender:
        return Sender(phone=self.phone, whatsapp_user_id=self.whatsapp_user_id, name=name)


def identifiers(part: Part, *, numbers: tuple[str, ...] = (), ids: tuple[str, ...] = ()) -> Identifiers:
    """Return the identifiers of one person in an object.

    The keys `ids` have user ids. The keys `numbers` have phone numbers as digits without a plus, sometimes a user id
    (seen in `from` and `wa_id` since 2026; Meta, Business-scoped user IDs).
    """
    phone = whatsapp_user_id = None
    for key in (*ids, *numbers):
        found = part.text(key).strip()
        number = phone_of(found) if key in numbers else None
        if number:
            phone = phone or number
        elif len(found) > WHATSAPP_USER_ID_MAX_LENGTH:
            part.note(f"{key} is longer than {WHATSAPP_USER_ID_MAX_LENGTH} characters; left out")
        elif found:
            whatsapp_user_id = whatsapp_user_id or found
    return Identifiers(phone, whatsapp_user_id)


def phone_of(text: str) -> str | None:
    """Return a wa_id, which has no plus, as E.164; None where it is not a phone number."""
    # Of a contact card in any script: a plus sign may be full-width, and invisible marks may stand before the zeros.
    number = text if text.isascii() else plain(text).strip()
    try:
        return normalise(number if "+" in number or number.startswith("00") else f"+{number}")
    except PhoneInvalid:
        return None


def shared_number(message: Part) -> str | None:
    """Return the customer's own number, if the message is their answer to a request for it.

    Meta sets the origin "contact_request" only on that answer; other contact cards are about anybody (Meta, Contacts
    messages webhook reference).
    """
    card = next(iter(objects_of(message.data.get("contacts"))), {})
    if card.get("origin") != "contact_request":
        return None
    texts = (text_of(phone.get(key)) for phone in objects_of(card.get("phones")) for key in ("wa_id", "phone"))
    return next((number for text in texts if (number := phone_of(text.strip()))), None)


@dataclass(slots=True)
class Contact:
    """One of a value's contacts: identifiers and profile of a person."""

    who: Identifiers
    name: str = ""
    extras: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, part: Part) -> Self:
        profile = part.child("profile")
        name = profile.text("name").strip()
        if len(name) > NAME_MAX_LENGTH:
            profile.note(f"name is longer than {NAME_MAX_LENGTH} characters and was cut")
        extras = {"username": profile.text("username"), "parent_user_id": part.text("parent_user_id")}
        return cls(
            who=identifiers(part, numbers=("wa_id",), ids=("user_id",)),
            name=visible_text(name[:NAME_MAX_LENGTH].strip()),
            extras={key: found for key, found in extras.items() if found},
        )


_UNKNOWN: Final = Contact(Identifiers())


class Contacts:
    """The contacts of a value, found by identifier: their order and number need not be those of the messages."""

    def __init__(self, contacts: Iterable[Contact] = (), *, recipients: Iterable[Identifiers] = ()) -> None:
        """`recipients`: of the value's statuses; Meta lists them among the contacts too."""
        known = list(contacts)
        self._by_key: dict[str, Contact] = {}
        for contact in known:
            for key in contact.who.keys:
                self._by_key.setdefault(key, contact)
        self._only = known[0] if len(known) == 1 else None
        self._only_is_recipient = any(contact.who.meets(recipient) for contact in known for recipient in recipients)

    def find(self, who: Identifiers, *, alone: bool) -> Contact:
        """Return the contact of this person; an empty one where there is none.

        `alone`: the value has one item beside statuses. Its only contact is that person's, even if their identifiers
        differ: a wa_id need not be the number that the customer writes from. One that a status names is another's.
        """
        if alone and self._only and not (who and self._only_is_recipient):
            return self._only
        return next((self._by_key[key] for key in who.keys if key in self._by_key), _UNKNOWN)
