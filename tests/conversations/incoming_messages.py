"""Incoming messages for tests of pure functions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from conversations.incoming import IncomingMessage, MessageEvent, Opens, Sender

BUSINESS, CUSTOMER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def message(opens=Opens.LEAD, at=0, direction="in", kind="text", provider_id=None):
    moment = NOON + timedelta(seconds=at)
    event = MessageEvent(
        channel="1",
        customer=Sender(phone="+1234567890", whatsapp_user_id=None),
        provider_id=provider_id or f"wamid.{at}",
        direction=direction,
        kind=kind,
        content="",
        provider_time=moment,
        opens=opens,
    )
    return IncomingMessage(user_id=BUSINESS, channel_id=UUID(int=3), at=moment, event=event)
