"""Channels: which number belongs to which business, and whether it may send."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Greatest, Now

from conversations.models import Message
from leadsite.accounts.services import NewBusiness, create_business
from leadsite.core.encryption import rotate
from whatsapp.models import Channel, check_token, looks_like_phone, normalise_channel_id
from whatsapp.outbound.wakeup import wake_sender

log = structlog.get_logger(__name__)


class ChannelTaken(Exception):
    """The phone number id is another business's."""


def set_up_business(
    *,
    email: str,
    name: str,
    staff: bool,
    phone_number_id: str = "",
    access_token: str = "",
    provider: str | None = None,
) -> tuple[NewBusiness, Channel | None]:
    """Create the business with its key, as create_business does, and connect its number where one is given. Opens the
    transaction.

    All or nothing: a number that is refused must leave no key that nobody has seen. Raises BusinessInvalid, and what
    connect_channel raises.
    """
    with transaction.atomic():
        business = create_business(email=email, name=name, staff=staff)
        if not phone_number_id:
            return business, None
        channel = connect_channel(
            user_id=business.user.pk, phone_number_id=phone_number_id, access_token=access_token, provider=provider
        )
        return business, channel


def connect_channel(
    *, user_id: UUID, phone_number_id: str, access_token: str = "", provider: str | None = None
) -> Channel:
    """Give the business this WhatsApp number, or find it there; a token given replaces the stored one.

    `provider`, a Channel.Provider, counts for a new number; without it, a phone number is Twilio's and any other id
    is Meta's.

    Opens the transaction. Raises ChannelTaken, ChannelInvalid, and SecretUnreadable where no key is set.
    """
    if provider is None:
        provider = Channel.Provider.TWILIO if looks_like_phone(phone_number_id) else Channel.Provider.CLOUD
    phone_number_id = normalise_channel_id(provider, phone_number_id)
    with transaction.atomic():
        channel, _ = Channel.objects.get_or_create(
            phone_number_id=phone_number_id, defaults={"user_id": user_id, "provider": provider}
        )
        if channel.user_id != user_id:
            raise ChannelTaken(f"Phone number id {phone_number_id} belongs to another business.")
        if access_token:
            channel.access_token = check_token(access_token)
            channel.save(update_fields=["encrypted_access_token", "updated_at"])
        release_messages(channel=channel, has_new_token=bool(access_token))
        return channel


def release_messages(*, channel: Channel, has_new_token: bool) -> None:
    """Let what waits for a number go on, now that it is connected or was changed. Caller holds the transaction.

    With another token a stopped number goes on: its provider may have refused the one before.
    """
    if has_new_token:
        resume_channel(channel_id=channel.pk)
    reroute_messages(user_id=channel.user_id)


def stop_channel(*, channel_id: UUID, reason: str, token: str | None = None, said_at: datetime | None = None) -> None:
    """Let a number's messages wait: its provider refuses it as such. Caller holds the transaction.

    `token` is the encrypted token with which it was refused: where another has been stored since, nothing is known
    against that one. `said_at`: when the provider said so; what it said before somebody let the number go on is of no
    account any more. The first reason stays.
    """
    going = Channel.objects.filter(pk=channel_id, stopped_at=None)
    if token is not None:
        going = going.filter(encrypted_access_token=token)
    if said_at is not None:
        going = going.filter(Q(resumed_at=None) | Q(resumed_at__lt=said_at))
    if going.update(stopped_at=Now(), stop_reason=reason, updated_at=Now()):
        # Without the reason: that may quote a customer's number. The number's page has it.
        log.error("channel_stopped", channel_id=str(channel_id))


def resume_channel(*, channel_id: UUID) -> None:
    """Let a stopped number go on with what waits. Opens the transaction."""
    resumed = Channel.objects.filter(pk=channel_id).exclude(stopped_at=None)
    # The job that wakes a worker is stored with the change, or neither is.
    with transaction.atomic():
        if resumed.update(stopped_at=None, resumed_at=Now(), stop_reason="", updated_at=Now()):
            log.info("channel_resumed", channel_id=str(channel_id))
            wake_sender()


def pause_channel(*, channel_id: UUID, seconds: float) -> None:
    """Send nothing through a number for so long. Caller holds the transaction."""
    until = Now() + timedelta(seconds=seconds)
    Channel.objects.filter(pk=channel_id).update(paced_until=Greatest("paced_until", until))


def reroute_messages(*, user_id: UUID | None = None) -> int:
    """Give the business's first active number to queued messages that have none; returns to how many.

    None was connected when they were stored, or theirs was deleted, switched off or given to another business since.
    Of this business, or of all. Messages whose rows somebody holds are left for the next time. Caller holds the
    transaction.
    """
    active = Channel.objects.filter(user_id=OuterRef("user_id"), active=True)
    queued = Message.objects.filter(status=Message.Status.QUEUED)
    if user_id is not None:
        queued = queued.filter(user_id=user_id)
    stray = queued.filter(~Exists(active.filter(pk=OuterRef("channel_id"))), Exists(active))
    locked = stray.select_for_update(skip_locked=True, no_key=True).values("pk")
    first = Subquery(active.order_by("pk").values("pk")[:1])
    count = Message.objects.filter(pk__in=locked).update(channel_id=first, updated_at=Now())
    if count:
        wake_sender()
    return count


def rotate_tokens() -> int:
    """Encrypt every stored token again, with the newest of FIELD_ENCRYPTION_KEYS; returns how many.

    Opens the transaction. Raises leadsite.core.encryption.SecretUnreadable, and has changed nothing then.
    """
    with transaction.atomic():
        # A token that somebody stores at this moment waits, and is encrypted with the newest key anyway.
        channels = Channel.objects.exclude(encrypted_access_token="").order_by("pk").select_for_update(no_key=True)
        for channel in channels:
            channel.encrypted_access_token = rotate(channel.encrypted_access_token)
            channel.save(update_fields=["encrypted_access_token", "updated_at"])
        return len(channels)
