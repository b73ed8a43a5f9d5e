"""Twilio's forms, for tests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from tests.whatsapp.webhook_client import SECRET
from whatsapp.inbound.events import Reading
from whatsapp.inbound.twilio import read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUSINESS = "+14155238886"
CUSTOMER = "+6285176810035"
ACCOUNT = "ACefb707f7c4ce4d15bc4261fd1d5ed615"
# The access token of a number of this account: its auth token signs the deliveries.
TOKEN = f"{ACCOUNT}:{SECRET}"
SID = "SM8824d91645395b17594d92659b878468"
# A delivery as Twilio sends it in 2026.
MESSAGE = {
    "ExternalUserId": "whatsapp:ID.4566546130240823",
    "SmsMessageSid": SID,
    "FrequentlyForwarded": "false",
    "NumMedia": "0",
    "ProfileName": "Teknisee",
    "MessageType": "text",
    "SmsSid": SID,
    "WaId": CUSTOMER[1:],
    "SmsStatus": "received",
    "Body": "Two cakes, please",
    "To": f"whatsapp:{BUSINESS}",
    "NumSegments": "1",
    "ReferralNumMedia": "0",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": f"whatsapp:{CUSTOMER}",
    "ApiVersion": "2010-04-01",
}
STATUS = {
    "EventType": "DELIVERED",
    "SmsSid": SID,
    "SmsStatus": "delivered",
    "MessageStatus": "delivered",
    "MessageSid": SID,
    "To": f"whatsapp:{CUSTOMER}",
    "From": f"whatsapp:{BUSINESS}",
    "AccountSid": ACCOUNT,
}


def reading_of(form: Mapping[str, str], **changes: str | None) -> Reading:
    """The reading of a form with some parameters replaced, or removed (None)."""
    fields = {name: value for name, value in {**form, **changes}.items() if value is not None}
    return read(urlencode(fields).encode(), NOW)
