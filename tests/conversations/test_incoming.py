"""Of several copies of one message the first full one counts."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from conversations.incoming import IncomingMessage, MessageEvent, Opens, Sender, distinct_messages

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


@given(st.lists(st.sampled_from(["text", "unsupported", "image"]), min_size=1))
def test_of_one_message_the_first_full_one_counts(kinds):
    (one,) = distinct_messages([message(kind=kind, provider_id="wamid.1") for kind in kinds])
    assert one.event.kind == next((kind for kind in kinds if kind != "unsupported"), "unsupported")
    assert one.completes("unsupported") == (one.event.kind != "unsupported")
    assert not one.completes("text")
