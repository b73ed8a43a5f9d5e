"""Finds out by whose secret a delivery is signed, and whether that covers a number that it names.

Note [Whose secret]. A secret belongs to a number and its provider. Numbers at Meta without one are covered by
WHATSAPP_APP_SECRETS, the list; numbers at Twilio are not. What the body names is read twice. First by a search of the
raw bytes, before anything is verified: it only finds secrets to try, so it may find too much, and whatever it misses
(escaped keys) is merely not tried. Then, when the body has been read, each number of an event is covered only if its
own secret signed these bytes, or it has none and the list signed them: see `Signature.covers`. So a business can sign
what it likes with its own secret, and nothing of that reaches a number of another.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import structlog
from django.conf import settings

from leadsite.core.encryption import SecretUnreadable
from whatsapp.inbound.signature import (
    NUMBER,
    is_signature_of_meta,
    is_signature_of_twilio,
    is_signed_by_meta,
    is_signed_by_twilio,
)
from whatsapp.inbound.twilio import business_numbers
from whatsapp.models import Channel, KnownChannel, WebhookDelivery, signing_of

log = structlog.get_logger(__name__)

# A delivery is signed once. Several secrets are tried while some of an account's numbers have a new one already.
MAX_SECRETS: Final = 10
MAX_CANDIDATES: Final = 100
_ACCOUNT: Final = re.compile(rb'"(?:id|waba_id|entity_id)"\s{0,20}:\s{0,20}"?([0-9]{1,50})\b')
_ACCOUNT_SID: Final = "AccountSid"


class Signer(Protocol):
    """A number, with what its provider signs by; both texts are encrypted."""

    @property
    def id(self) -> UUID: ...
    @property
    def provider(self) -> str: ...
    @property
    def app_secret(self) -> str: ...
    @property
    def access_token(self) -> str: ...


class Numbers(Protocol):
    """Where numbers are looked up: Channel.objects, or KnownNumbers."""

    def with_numbers(self, numbers: Collection[str]) -> list[KnownChannel]: ...
    def of_accounts(self, waba_ids: Collection[str], *, limit: int) -> list[KnownChannel]: ...


class NotSigned(Exception):
    """No secret of a number that the delivery names signed it. The message says why, for the log."""


@dataclass(slots=True)
class Signature:
    """Who signed a delivery. `header`: Meta's, to be stored. `account`: Twilio's AccountSid in the form.

    `channels`: covered whatever their secrets are now; those of a stored delivery. `known`: the numbers looked up so
    far, None for those that nobody has connected. `unreadable`: the channels whose secret may have signed it and could
    not be decrypted, and why.
    """

    provider: str
    is_by: Callable[[str], bool]
    by_list: bool = False
    header: str = ""
    account: str = ""
    channels: Collection[UUID] = ()
    known: dict[str, KnownChannel | None] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=lambda: Channel.objects)
    unreadable: dict[UUID, str] = field(default_factory=dict)
    _tried: dict[str, bool] = field(default_factory=dict)
    _covers: dict[UUID, bool] = field(default_factory=dict)

    def covers(self, channel: Signer) -> bool:
        """Whether the delivery is signed by the secret of this number."""
        if channel.id not in self._covers:
            self._covers[channel.id] = self._is_by_secret_of(channel)
        return self._covers[channel.id]

    def _is_by_secret_of(self, channel: Signer) -> bool:
        if channel.provider != self.provider:
            return False
        if channel.id in self.channels:
            return True
        try:
            secret, account = signing_of(channel.provider, channel.app_secret, channel.access_token)
        except SecretUnreadable as error:
            log.error("channel_secret_unreadable", channel_id=str(channel.id), reason=str(error))
            self.unreadable[channel.id] = str(error)
            return False
        if not secret:
            return self.by_list and channel.provider == Channel.Provider.CLOUD
        return account in ("", self.account) and self._matches(secret)

    def refusal(self, reason: str) -> NotSigned | SecretUnreadable:
        """What to raise where no number is covered. One may be where a secret is unreadable: a process that has its key
        can tell, for one when all have been replaced after FIELD_ENCRYPTION_KEYS was changed.
        """
        why = next(iter(self.unreadable.values()), "")
        return SecretUnreadable(why) if why else NotSigned(reason)

    def owner(self) -> str:
        """The business whose secret signed it; "" where that is none, or not one."""
        owners = {str(one.user_id) for one in self.known.values() if one and self.covers(one)}
        return owners.pop() if len(owners) == 1 else ""

    def look_up(self, numbers: Iterable[str]) -> None:
        """Add these numbers to `known`, in one query if some are new. Raises django.db.Error."""
        if new := {number for number in numbers if number not in self.known}:
            found = {channel.phone_number_id: channel for channel in self.numbers.with_numbers(new)}
            self.known |= {number: found.get(number) for number in new}

    def stored(self, covered: Iterable[UUID]) -> list[str]:
        """Return what webhook_deliveries.signed_by holds."""
        ids = {str(channel_id) for channel_id in (*covered, *self.channels)}
        return [WebhookDelivery.LIST] * self.by_list + sorted(ids)

    def _matches(self, secret: str) -> bool:
        if secret not in self._tried:
            if len(self._tried) >= MAX_SECRETS:
                return False
            self._tried[secret] = self.is_by(secret)
        return self._tried[secret]


def authenticate_meta(body: bytes, header: str | None, numbers: Numbers) -> Signature:
    """Return who signed a delivery of Meta's, after at most one look-up.

    Raises NotSigned, leadsite.core.encryption.SecretUnreadable and django.db.Error.
    """
    if not is_signature_of_meta(header):
        raise NotSigned(_reason(header))
    signature = Signature(
        provider=Channel.Provider.CLOUD.value,
        is_by=lambda secret: is_signed_by_meta(body, header, [secret]),
        by_list=is_signed_by_meta(body, header, settings.WHATSAPP_APP_SECRETS),
        header=header,
        numbers=numbers,
    )
    signature.look_up(_found(NUMBER, body))
    channels = [channel for channel in signature.known.values() if channel]
    if not signature.known and not signature.by_list and (accounts := _found(_ACCOUNT, body)):
        channels = numbers.of_accounts(accounts, limit=MAX_CANDIDATES)
    return _verified(signature, channels)


def authenticate_twilio(
    url: str, parameters: Sequence[tuple[str, str]], header: str | None, numbers: Numbers
) -> Signature:
    """Return who signed a form of Twilio's, posted to this URL. Raises what authenticate_meta does."""
    if not is_signature_of_twilio(header):
        raise NotSigned(_reason(header))
    form = dict(reversed(parameters))  # of several with one name the first counts, as for the reader
    signature = Signature(
        provider=Channel.Provider.TWILIO.value,
        is_by=lambda secret: is_signed_by_twilio(url, parameters, header, [secret]),
        account=form.get(_ACCOUNT_SID, "").strip(),
        numbers=numbers,
    )
    signature.look_up(business_numbers(form))
    return _verified(signature, [channel for channel in signature.known.values() if channel])


def stored_signature(delivery: WebhookDelivery) -> Signature:
    """Return who signed a stored delivery. Twilio's signature cannot be verified again: it covers the URL as well."""
    by_meta, body = delivery.provider == Channel.Provider.CLOUD, bytes(delivery.body)
    return Signature(
        provider=delivery.provider,
        is_by=lambda secret: by_meta and is_signed_by_meta(body, delivery.signature, [secret]),
        by_list=WebhookDelivery.LIST in delivery.signed_by,
        header=delivery.signature,
        channels={UUID(name) for name in delivery.signed_by if name != WebhookDelivery.LIST},
    )


def _verified(signature: Signature, channels: Sequence[KnownChannel]) -> Signature:
    if signature.by_list or any(signature.covers(channel) for channel in channels):
        return signature
    raise signature.refusal(
        "wrong signature" if channels else "wrong signature, and no number that it names is connected"
    )


def _reason(header: str | None) -> str:
    return "no signature" if header is None else "wrong signature"


def _found(pattern: re.Pattern[bytes], body: bytes) -> list[str]:
    """Return the different texts that the pattern finds, at most MAX_CANDIDATES."""
    found: dict[str, None] = {}
    for match in pattern.finditer(body):
        found[match[1].decode(errors="replace")] = None
        if len(found) == MAX_CANDIDATES:
            break
    return list(found)
