"""Reading Meta's statuses of outgoing messages."""

from datetime import UTC, datetime

import pytest

from tests.whatsapp import meta
from tests.whatsapp.meta import read_all
from whatsapp.inbound.events import StatusEvent

ITEM = "entry[0].changes[0].value"


@pytest.mark.parametrize("state", ["sent", "delivered", "read", "played"])
def test_it_reads_a_status(state):
    item = meta.status(
        state, id="wamid.9", pricing={"billable": True}, conversation={"id": "c"}, biz_opaque_callback_data="our-id"
    )
    reading = read_all(meta.messages_value(statuses=[item], contacts=[{"wa_id": meta.SHEENA}]))
    assert reading.notes == []
    assert reading.events == [
        StatusEvent(
            channel=meta.CHANNEL,
            provider_id="wamid.9",
            status=state,
            provider_time=datetime.fromtimestamp(meta.NOON, UTC),
            callback_data="our-id",
            details={"pricing": {"billable": True}, "conversation": {"id": "c"}},
        )
    ]


@pytest.mark.parametrize(
    ("errors", "text"),
    [
        ([meta.error(131049, "Not delivered", "Too much.")], "131049: Not delivered — Too much."),
        ([meta.error(131049, "Same", "Same")], "131049: Same"),
        ([{"code": "131026", "message": "Undeliverable"}, meta.error(2)], "131026: Undeliverable"),
        (meta.error(131049, "Alone"), "131049: Alone"),
        ([{"error_data": {"details": "x" * 2000}}], "x" * 1000),
        ([], ""),
        (None, ""),
        (["x", 5], ""),
        ([{"code": {}, "title": [], "error_data": "x"}], ""),
    ],
)
def test_a_failed_status_has_its_reason(errors, text):
    (event,) = read_all(meta.messages_value(statuses=[meta.status("failed", errors=errors)])).events
    assert (event.status, event.error) == ("failed", text)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (meta.status(None), "status is missing"),
        (meta.status(["sent"]), "status is missing"),
        (meta.status(id=None), "id is missing"),
    ],
)
def test_a_status_without_an_id_or_status_is_rejected(bad, reason):
    reading = read_all(meta.messages_value(statuses=[bad, meta.status(id="good")]))
    assert [event.provider_id for event in reading.events] == ["good"]
    assert (reading.rejected, reading.notes) == ([f"{ITEM}.statuses[0]: {reason}"], [])


@pytest.mark.parametrize(("state", "named"), [("warning", "status 'warning'"), ("call +4915123456789", "status")])
def test_an_unknown_status_is_noted(state, named):
    reading = read_all(meta.messages_value(statuses=[meta.status(state)]))
    assert (reading.events, reading.rejected) == ([], [])
    assert reading.notes == [f"{ITEM}.statuses[0]: {named} is not known; ignored"]


def test_a_status_keeps_only_parts_of_the_right_type():
    item = meta.status(pricing="free", conversation=[], biz_opaque_callback_data="x" * 600)
    (event,) = read_all(meta.messages_value(statuses=[item])).events
    assert (event.details, event.callback_data) == ({}, "x" * 512)
