"""Services for channels, the WhatsApp numbers of businesses: connect, stop, resume, pause, reroute."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Greatest, Now

from conversations.models import Message
from leadsite.accounts.services import NewBusiness, create_business
from leadsite.core.encryption import rotate
from leadsite.core.transactions import retried
from whatsapp.models import Channel, check_secret, check_token, check_waba_id, looks_like_phone, normalise_channel_id
from whatsapp.outbound.wakeup import wake_sender

log = structlog.get_logger(__name__)


class ChannelTaken(Exception):
    """The phone number id belongs to another business."""


@retried
def set_up_business(
    *,
    email: str,
    name: str,
    staff: bool,
    phone_number_id: str = "",
    access_token: str = "",
    app_secret: str = "",
    provider: str | None = None,
    waba_id: str = "",
) -> tuple[NewBusiness, Channel | None]:
    """Create the business with its key, as create_business does, and connect its number if one is given. Opens the
    transaction.

    All or nothing: a refused number must not leave a key that was never shown. Raises BusinessInvalid, and what
    connect_channel raises.
    """
    with transaction.atomic():
        business = create_business(email=email, name=name, staff=staff)
        if not phone_number_id:
            return business, None
        channel = connect_channel(
            user_id=business.user.pk,
            phone_number_id=phone_number_id,
            access_token=access_token,
            app_secret=app_secret,
            provider=provider,
            waba_id=waba_id,
        )
        return business, channel


@retried
def connect_channel(
    *,
    user_id: UUID,
    phone_number_id: str,
    access_token: str = "",
    app_secret: str = "",
    provider: str | None = None,
    waba_id: str = "",
) -> Channel:
    """Connect a WhatsApp number to the business, or return the connected one; a token, an app secret or an account id
    (`waba_id`) that is given replaces the stored one.

    `provider`, a Channel.Provider, is used for a new number; without it, a phone number is Twilio's and any other id
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
        if app_secret:
            channel.app_secret = check_secret(app_secret)
            channel.save(update_fields=["encrypted_app_secret", "updated_at"])
        if waba_id:
            channel.waba_id = check_waba_id(waba_id)
            channel.save(update_fields=["waba_id", "updated_at"])
        release_messages(channel=channel, has_new_token=bool(access_token))
        return channel


def release_messages(*, channel: Channel, has_new_token: bool) -> None:
    """Release messages that wait for a number, after it was connected or changed. Caller holds the transaction.

    With a new token a stopped number is resumed, because its provider may have refused the old one.
    """
    if has_new_token:
        resume_channel(channel_id=channel.pk)
    reroute_messages(user_id=channel.user_id)


def stop_channel(*, channel_id: UUID, reason: str, token: str | None = None) -> None:
    """Stop sending through a number that its provider refuses. Caller holds the transaction.

    `token`: the encrypted token that was refused; nothing is changed if another one has been stored since. The first
    reason stays.
    """
    not_stopped = Channel.objects.filter(pk=channel_id, stopped_at=None)
    if token is not None:
        not_stopped = not_stopped.filter(encrypted_access_token=token)
    if not_stopped.update(stopped_at=Now(), stop_reason=reason, updated_at=Now()):
        # Without the reason, which may quote a customer's number. The admin shows it.
        log.error("channel_stopped", channel_id=str(channel_id))


def stop_channels(stopped: Mapping[UUID, tuple[str, datetime]]) -> None:
    """As stop_channel for several numbers, each with the reason and when the provider reported it, in one statement.

    Numbers that were resumed after that are left as they are. Caller holds the transaction.
    """
    if not stopped:
        return
    for channel_id in Channel.objects.stop(stopped):
        log.error("channel_stopped", channel_id=str(channel_id))


@retried
def resume_channel(*, channel_id: UUID) -> None:
    """Resume sending through a stopped number. Opens the transaction."""
    resumed = Channel.objects.filter(pk=channel_id).exclude(stopped_at=None)
    # The job that wakes a worker is stored with the change, or neither of them.
    with transaction.atomic():
        if resumed.update(stopped_at=None, resumed_at=Now(), stop_reason="", updated_at=Now()):
            log.info("channel_resumed", channel_id=str(channel_id))
            wake_sender()


def pause_channel(*, channel_id: UUID, seconds: float) -> None:
    """Send nothing through a number for this many seconds. Caller holds the transaction."""
    until = Now() + timedelta(seconds=seconds)
    Channel.objects.filter(pk=channel_id).update(paced_until=Greatest("paced_until", until))


def reroute_messages(*, user_id: UUID | None = None) -> int:
    """Assign queued messages without an active number to their business's first active one; return how many.

    One that its provider has stopped is chosen only if all are stopped.

    No number was connected when they were stored, or theirs has been deleted, switched off or moved to another
    business. `user_id`: only messages of this business. Messages whose rows are locked are skipped until the next
    call. Caller holds the transaction.
    """
    active = Channel.objects.filter(user_id=OuterRef("user_id"), active=True)
    queued = Message.objects.filter(status=Message.Status.QUEUED)
    if user_id is not None:
        queued = queued.filter(user_id=user_id)
    stray = queued.filter(~Exists(active.filter(pk=OuterRef("channel_id"))), Exists(active))
    locked = stray.select_for_update(skip_locked=True, no_key=True).values("pk")
    first = Subquery(active.order_by(F("stopped_at").asc(nulls_first=True), "pk").values("pk")[:1])
    count = Message.objects.filter(pk__in=locked).update(channel_id=first, updated_at=Now())
    if count:
        wake_sender()
    return count


def rotate_tokens() -> int:
    """Encrypt every stored token and app secret again with the newest of FIELD_ENCRYPTION_KEYS; return how many.

    Opens the transaction. Raises leadsite.core.encryption.SecretUnreadable; nothing is changed then.
    """
    count = 0
    with transaction.atomic():
        # A token stored at the same moment waits for these locks, and is encrypted with the newest key anyway.
        encrypted = ("encrypted_access_token", "encrypted_app_secret")
        without = dict.fromkeys(encrypted, "")
        for channel in Channel.objects.exclude(**without).order_by("pk").select_for_update(no_key=True):
            stored = {name: text for name in encrypted if (text := getattr(channel, name))}
            for name, text in stored.items():
                setattr(channel, name, rotate(text))
            if stored:
                channel.save(update_fields=[*stored, "updated_at"])
            count += len(stored)
    return count
