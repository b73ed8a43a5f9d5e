"""WhatsApp numbers of businesses, their message templates, events of accounts, and stored webhook deliveries."""

from whatsapp.models.account_events import AccountEvent, AccountEventRow, AccountNumber, number_key
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
from whatsapp.models.templates import ListedTemplate, MessageTemplate, TemplateReport

__all__ = [
    "PHONE_NUMBER_ID_MAX_LENGTH",
    "TWILIO_PREFIX",
    "AccountEvent",
    "AccountEventRow",
    "AccountNumber",
    "Channel",
    "ChannelInvalid",
    "ListedTemplate",
    "MessageTemplate",
    "ReadyChannel",
    "SendingChannel",
    "TemplateReport",
    "WebhookDelivery",
    "check_token",
    "check_waba_id",
    "looks_like_phone",
    "normalise_channel_id",
    "number_key",
]
