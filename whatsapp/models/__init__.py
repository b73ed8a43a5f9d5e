"""WhatsApp numbers of businesses, and stored webhook deliveries."""

from whatsapp.models.channels import (
    PHONE_NUMBER_ID_MAX_LENGTH,
    TWILIO_PREFIX,
    Channel,
    ChannelInvalid,
    ReadyChannel,
    SendingChannel,
    check_token,
    looks_like_phone,
    normalise_channel_id,
)
from whatsapp.models.deliveries import WebhookDelivery

__all__ = [
    "PHONE_NUMBER_ID_MAX_LENGTH",
    "TWILIO_PREFIX",
    "Channel",
    "ChannelInvalid",
    "ReadyChannel",
    "SendingChannel",
    "WebhookDelivery",
    "check_token",
    "looks_like_phone",
    "normalise_channel_id",
]
