"""WhatsApp numbers of businesses, their message templates, events of accounts, and stored webhook deliveries."""

from whatsapp.models.account_events import AccountEvent, AccountEventRow, AccountNumber, number_key
from whatsapp.models.channel_values import (
    PHONE_NUMBER_ID_MAX_LENGTH,
    TWILIO_PREFIX,
    ChannelInvalid,
    check_secret,
    check_token,
    check_waba_id,
    looks_like_phone,
    normalise_channel_id,
)
from whatsapp.models.channels import Channel, KnownChannel, SendingChannel
from whatsapp.models.deliveries import NewDelivery, WebhookDelivery
from whatsapp.models.ready_channels import ReadyChannel
from whatsapp.models.signing import Signing, signing_of
from whatsapp.models.templates import ListedTemplate, MessageTemplate, TemplateReport
from whatsapp.models.verifications import WebhookVerification

__all__ = [
    "PHONE_NUMBER_ID_MAX_LENGTH",
    "TWILIO_PREFIX",
    "AccountEvent",
    "AccountEventRow",
    "AccountNumber",
    "Channel",
    "ChannelInvalid",
    "KnownChannel",
    "ListedTemplate",
    "MessageTemplate",
    "NewDelivery",
    "ReadyChannel",
    "SendingChannel",
    "Signing",
    "TemplateReport",
    "WebhookDelivery",
    "WebhookVerification",
    "check_secret",
    "check_token",
    "check_waba_id",
    "looks_like_phone",
    "normalise_channel_id",
    "number_key",
    "signing_of",
]
