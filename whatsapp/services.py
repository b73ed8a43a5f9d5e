"""Channels: which number belongs to which business."""

from uuid import UUID

from django.db import transaction

from whatsapp.models import Channel, looks_like_phone, normalise_channel_id


class ChannelTaken(Exception):
    """The phone number id is another business's."""


def connect_channel(
    *, user_id: UUID, phone_number_id: str, access_token: str = "", provider: str | None = None
) -> Channel:
    """Give the business this WhatsApp number, or find it there; a token given replaces the stored one.

    `provider`, a Channel.Provider, counts for a new number; without it, a phone number is Twilio's and any other id
    is Meta's.

    Opens the transaction. Raises ChannelTaken, whatsapp.models.ChannelInvalid, and whatsapp.encryption.SecretUnreadable
    where no key is set to store the token under.
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
            channel.access_token = access_token
            channel.save(update_fields=["encrypted_access_token", "updated_at"])
        return channel
