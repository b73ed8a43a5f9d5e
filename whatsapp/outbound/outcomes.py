"""An outgoing message and the possible outcomes of sending it: the interface between queue.py and the providers."""

import math
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from conversations.incoming import Sender
from conversations.models import WHATSAPP_USER_ID_MAX_LENGTH
from conversations.models.outgoing.outbox import Leased
from whatsapp.models import ReadyChannel
from whatsapp.outbound.retries import AT_ONCE, BACK_OFF, Schedule

REASON_MAX_LENGTH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message leased to this worker, and the channel through which to send it; see queue.claim."""

    id: UUID
    user_id: UUID
    attempt: int
    retry_kind: str  # why the last attempts failed: a Schedule's name, and how many in a row did
    retries: int
    kind: str
    content: str
    extras: dict[str, Any]
    address: str  # of the customer: E.164, or a WhatsApp user id
    channel_id: UUID
    provider: str
    phone_number_id: str
    token: str = field(repr=False)  # encrypted as it is stored
    app_secret: str = field(default="", repr=False, kw_only=True)  # the same
    wait: float  # seconds to wait, by the channel's rate limit
    is_new_channel: bool = False  # nothing was ever sent through it
    withheld: str = ""  # why it is not to be sent any more: see Leased
    begin_until: float = math.inf  # when its request may begin at the latest, by time.monotonic(): see Note [Sent once]

    @property
    def media(self) -> dict[str, Any] | None:
        """The file that goes out with it, or as the header of a template: Attachment.extras in
        whatsapp/media/attachments.py.
        """
        return self.extras.get("media")

    @property
    def is_to_phone(self) -> bool:
        return self.address.startswith("+")


def outgoing(message: Leased, channel: ReadyChannel, *, wait: float) -> Outgoing:
    """Return a leased message with the channel through which it is sent after `wait` seconds."""
    return Outgoing(
        id=message.id,
        user_id=channel.user_id,
        attempt=message.attempts,
        retry_kind=message.retry_kind,
        retries=message.retries,
        kind=message.kind,
        content=message.content,
        extras=message.extras,
        address=message.address,
        channel_id=channel.id,
        provider=channel.provider,
        phone_number_id=channel.phone_number_id,
        token=channel.token,
        app_secret=channel.app_secret,
        wait=wait,
        is_new_channel=channel.is_new,
        withheld=message.withheld,
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted it. `details`: other content of the response to store."""

    provider_id: str
    details: dict[str, Any] = field(default_factory=dict)

    def recipient_of(self, message: Outgoing) -> Sender | None:
        """Return the customer, where the response names the WhatsApp user id of the number."""
        known_id = self.details.get("user_id", "")
        is_named = message.is_to_phone and 0 < len(known_id) <= WHATSAPP_USER_ID_MAX_LENGTH
        return Sender(phone=message.address, whatsapp_user_id=known_id) if is_named else None


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not sent, and it may succeed later. `pause`: the seconds that the provider asks for."""

    reason: str
    schedule: Schedule = BACK_OFF
    pause: float = 0


# It was not attempted: its lease might have ended before the outcome was recorded.
NOT_IN_TIME: Final = Retry(gettext_noop("The worker could not start sending this in time."), AT_ONCE)


@dataclass(frozen=True, slots=True)
class Failed:
    """Certainly not sent, and a retry would fail too. `opts_out`: the customer has opted out of marketing."""

    reason: str
    opts_out: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent, so it must not be sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Certainly not sent: the provider refuses the number itself. `fails`: this message would be refused again."""

    reason: str
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a provider would certainly refuse a message, known before it is queued. `field` is the client's field."""

    field: str
    sentence: str


Outcome = Sent | Retry | Failed | Unknown | Stopped


class NotSent(Exception):
    """The request did not reach the provider."""


class Uncertain(Exception):
    """The request left, and there was no complete response."""
