"""Marks of erased people: keyed hashes of what identified them and of the provider's ids of their messages.

Note [Erased people]: an erased person leaves no number, id or name here, but a provider delivers a message again for
days, stored deliveries are replayed, and a history is read again. Each identifier leaves a mark, an HMAC with a key
that is derived from SECRET_KEY, which is not in the database. A message is old, and is left out, where its id has a
mark, or where its sender has one and the message was written before the erasure (in its second, too: providers give
whole seconds). A message that is written afterwards begins a new customer. Marks made before SECRET_KEY was replaced
are found as long as the former key is in SECRET_KEY_FALLBACKS.
"""

import hmac
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings

from conversations.incoming import IncomingMessage, Sender
from conversations.phone import phone_key

_SALT: Final = b"leadsite.conversations.erasing"


class Identifier(NamedTuple):
    """What identified a person of this business, or one of their messages. `kind`: PHONE, USER_ID or MESSAGE."""

    user_id: UUID
    kind: str
    value: str


PHONE: Final = "phone"  # a phone key
USER_ID: Final = "user id"  # a WhatsApp user id
MESSAGE: Final = "message"  # the provider's id of a message, its token, or our id


def mark_of(identifier: Identifier) -> UUID:
    """The mark that is stored: 128 bits, by the present key."""
    return _mark(_key(settings.SECRET_KEY), identifier)


def marks_of(identifier: Identifier) -> list[UUID]:
    """The marks by which it may be stored: by the present key and by former ones."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_mark(_key(secret), identifier) for secret in secrets]


def identifiers_of_person(user_id: UUID, sender: Sender | None) -> Iterator[Identifier]:
    if sender and sender.phone:
        yield Identifier(user_id, PHONE, phone_key(sender.phone))
    if sender and sender.whatsapp_user_id:
        yield Identifier(user_id, USER_ID, sender.whatsapp_user_id)


def identifiers_of_message(
    user_id: UUID, *, provider_id: str | None, provider_token: str | None, message_id: UUID | None
) -> Iterator[Identifier]:
    for value in (provider_id, provider_token, str(message_id) if message_id else None):
        if value:
            yield Identifier(user_id, MESSAGE, value)


def identifiers_in(message: IncomingMessage) -> list[Identifier]:
    """All identifiers of a message and of the customer in it."""
    ids = identifiers_of_message(
        message.user_id,
        provider_id=message.event.provider_id,
        provider_token=message.provider_token,
        message_id=message.message_id,
    )
    return [*ids, *identifiers_of_person(message.user_id, message.event.customer)]


@cache
def _key(secret: str) -> bytes:
    return sha256(_SALT + secret.encode()).digest()


def _mark(key: bytes, identifier: Identifier) -> UUID:
    text = "\0".join((identifier.user_id.hex, identifier.kind, identifier.value))
    return UUID(bytes=hmac.digest(key, text.encode(errors="surrogatepass"), "sha256")[:16])
