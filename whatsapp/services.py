"""Channels: which number belongs to which business."""

from uuid import UUID

from django.db import transaction

from whatsapp.models import PHONE_NUMBER_ID_MAX_LENGTH, Channel


class ChannelInvalid(Exception):
    """This cannot be a phone number id."""


class ChannelTaken(Exception):
    """The phone number id is another business's."""


def connect_channel(
    *, user_id: UUID, phone_number_id: str, access_token: str = "", provider: str = Channel.Provider.CLOUD
) -> Channel:
    """Give the business this WhatsApp number, or find it there; a token given replaces the stored one.

    `provider`, a Channel.Provider, counts for a new number.

    Opens the transaction. Raises ChannelInvalid and ChannelTaken, and whatsapp.encryption.SecretUnreadable where no key
    is set to store the token under.
    """
    if len(phone_number_id) > PHONE_NUMBER_ID_MAX_LENGTH:
        raise ChannelInvalid(f"A phone number id has at most {PHONE_NUMBER_ID_MAX_LENGTH} characters.")
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
