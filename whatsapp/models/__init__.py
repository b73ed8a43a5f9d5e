"""WhatsApp numbers of businesses, their message templates, and stored webhook deliveries."""

from whatsapp.models.channels import (
    PHONE_NUMBER_ID_MAX_LENGTH,
    TWILIO_PREFIX,
    Channel,
    ChannelInvalid,
    ReadyChannel,
    SendingChannel,
    check_token,
    check_waba_id,
    looks_like_phone,
    normalise_channel_id,
)
from whatsapp.models.deliveries import WebhookDelivery
from whatsapp.models.templates import ListedTemplate, MessageTemplate

__all__ = [
    "PHONE_NUMBER_ID_MAX_LENGTH",
    "TWILIO_PREFIX",
    "Channel",
    "ChannelInvalid",
    "ListedTemplate",
    "MessageTemplate",
    "ReadyChannel",
    "SendingChannel",
    "WebhookDelivery",
    "check_token",
    "check_waba_id",
    "looks_like_phone",
    "normalise_channel_id",
]
