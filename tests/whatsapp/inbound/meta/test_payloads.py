"""Reading Meta's deliveries: the outer structure, the channel and errors."""

from datetime import UTC, datetime

import pytest

from conversations.incoming import MessageEvent, Opens, Sender
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.meta import read_all, read_one
from whatsapp.inbound.events import Reading, StatusEvent, UnreadableBody

ITEM = "entry[0].changes[0].value"


def test_it_reads_a_text_message():
    event = read_one(meta.text("Hé 😀 a/b", id="wamid.1", timestamp=1_750_000_000), contacts=[meta.contact()])
    assert event == MessageEvent(
        channel=meta.CHANNEL,
        customer=Sender(phone="+16505551234", whatsapp_user_id=None, name="Sheena Nelson"),
        provider_id="wamid.1",
        direction="in",
        kind="text",
        content="Hé 😀 a/b",
        provider_time=datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC),
        opens=Opens.LEAD,
    )


def test_it_reads_every_member_of_every_list_in_order():
    delivery = meta.delivery(
        meta.messages_value(messages=[meta.text("a"), meta.text("b")], statuses=[meta.status(id="s1")]),
        meta.messages_value("2", messages=[meta.text("c")]),
    )
    delivery["entry"] *= 2
    reading = meta.reading(meta.raw(delivery))
    contents = [(event.channel, getattr(event, "content", event.provider_id)) for event in reading.events]
    assert contents == [(meta.CHANNEL, "a"), (meta.CHANNEL, "b"), (meta.CHANNEL, "s1"), ("2", "c")] * 2


@each_case(
    ("body", "reason"),
    [
        (b"", "not JSON: Expecting value"),
        (b"From=whatsapp%3A%2B49", "not JSON"),
        (b'{"object": "whatsapp', "not JSON: Unterminated string"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        ("{}".encode("utf-16"), "not JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'"\\u0000"', "not an object"),
        (b"[" * 100_000 + b"]" * 100_000, "not an object"),
    ],
)
def test_it_refuses_only_bodies_that_are_not_json_objects(body, reason):
    with pytest.raises(UnreadableBody, match=reason):
        meta.reading(body)


@pytest.mark.parametrize(
    ("delivery", "rejected"),
    [
        ({}, ["entry is missing"]),
        ({"entry": None}, ["entry is missing"]),
        ({"entry": 5}, ["entry: is not a list"]),
        ({"entry": []}, []),
        ({"entry": [None, {}]}, ["entry[0]: is not an object", "entry[1]: changes is missing"]),
        ({"entry": [{"changes": ["x"]}]}, ["entry[0].changes[0]: is not an object"]),
        ({"entry": [{"changes": [{"field": "messages"}]}]}, [f"{ITEM}: is not an object"]),
        ({"entry": [{"changes": [{"field": [], "value": {}}]}]}, []),
    ],
)
def test_a_malformed_outer_structure_is_rejected_without_an_exception(delivery, rejected):
    reading = meta.reading(meta.raw(delivery))
    assert (reading.events, reading.rejected, reading.notes) == ([], rejected, [])


@pytest.mark.parametrize("object_", [None, "page", 5])
def test_it_reads_entries_whatever_the_object_field_is(object_):
    assert meta.reading(meta.body(meta.messages_value(messages=[meta.text()]), object=object_)).events


def test_a_single_object_counts_as_a_list_of_one():
    change = meta.change("messages", meta.messages_value(messages=meta.text("alone")))
    reading = meta.reading(meta.raw({"entry": {"changes": change}}))
    assert ([event.content for event in reading.events], reading.notes) == (["alone"], [])


@pytest.mark.parametrize("channel", [106540352242922, "106540352242922", " 106540352242922 "])
def test_the_channel_is_the_phone_number_id(channel):
    reading = read_all(meta.messages_value(channel, messages=[meta.text()]))
    assert reading.events[0].channel == "106540352242922"


@pytest.mark.parametrize("channel", [None, "", [], {"a": 1}, True, 1.5])
def test_items_without_a_phone_number_id_are_rejected_once_for_their_value(channel):
    bad = meta.messages_value(channel, messages=[meta.text(), meta.text()], statuses=[meta.status()])
    reading = read_all(bad, meta.messages_value(messages=[meta.text("good")]))
    assert [event.content for event in reading.events] == ["good"]
    assert reading.rejected == [f"{ITEM}: metadata.phone_number_id is missing, so the business is not known"]


def test_errors_reported_by_meta_are_noted():
    errors = [
        meta.error(130429, "Rate limit hit", "Too fast."),
        meta.error(1, "To +1 (650) 555-1234 and 4915123456789"),
        {},
    ]
    reading = read_all(meta.value(None, errors=errors))
    assert reading.events == []
    assert reading.notes == [
        "Meta reports: 130429 Rate limit hit — Too fast.",
        "Meta reports: 1 To +1 …34 and 491…89",
        "Meta reports: an error without a reason",
    ]


def test_rejections_and_notes_are_bounded():
    reading = read_all(meta.messages_value(messages=[{}] * 70, errors=[meta.error(1, "x" * 5000)] * 71))
    assert [len(reading.rejected), len(reading.notes)] == [51, 51]
    assert [reading.rejected[-1], reading.notes[-1]] == ["and 20 more", "and 21 more"]
    assert max(map(len, reading.notes)) == 300


def test_a_delivery_with_only_reported_errors_is_not_rejected():
    reading = read_all(meta.messages_value(errors=[meta.error(1), "x"], contacts=["x", 5]), meta.change("other", "x"))
    assert (reading.events, reading.rejected, len(reading.notes)) == ([], [], 5)


@pytest.mark.parametrize("field", ["account_update", "group_lifecycle_update", "smb_app_state_sync", "", None, 5])
def test_other_fields_are_ignored(field):
    value = meta.value(None, event="X", groups=[{"id": "1"}], messages="none", statuses=[5])
    assert read_all(meta.change(field, value)) == Reading()


@pytest.mark.parametrize("field", ["messages_2027", None])
def test_an_unknown_field_with_the_usual_structure_is_read(field):
    value = meta.messages_value(messages=[meta.text()], statuses=[meta.status()])
    assert [type(event) for event in read_all(meta.change(field, value)).events] == [MessageEvent, StatusEvent]
