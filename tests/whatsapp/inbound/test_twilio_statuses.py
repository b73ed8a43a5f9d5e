"""Reading Twilio's statuses, and malformed and hostile forms."""

from dataclasses import asdict
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversations.incoming import MessageEvent
from tests.cases import each_case
from tests.whatsapp.twilio_forms import BUSINESS, MESSAGE, NOW, SID, STATUS, reading_of
from whatsapp.inbound.events import Reading, StatusEvent, UnreadableBody
from whatsapp.inbound.twilio import MAX_PARAMETERS, parameters, read
from whatsapp.twilio_errors import with_words


def status(**changes: str | None) -> StatusEvent:
    reading = reading_of(STATUS, **changes)
    (event,) = reading.events
    assert isinstance(event, StatusEvent)
    assert not reading.rejected + reading.notes
    return event


@pytest.mark.parametrize("state", ["sent", "delivered", "read"])
def test_a_status_is_read(state):
    event = status(MessageStatus=state, SmsStatus=None)
    assert event == StatusEvent(
        channel=BUSINESS, provider_id=SID, status=state, provider_time=None, details=event.details
    )
    assert event.details == {"EventType": "DELIVERED", "MessageStatus": state}
    assert status(MessageStatus=None, SmsStatus=state.upper()).status == state


@pytest.mark.parametrize("state", ["accepted", "scheduled", "queued", "sending"])
def test_a_status_before_sending_is_ignored(state):
    assert reading_of(STATUS, MessageStatus=state) == Reading()


@each_case("state", ["failed", "undelivered"])
@each_case(
    ("reported", "error"),
    [
        ({"ErrorCode": "63016"}, with_words("63016", "")),
        ({"ErrorCode": "63016", "ErrorMessage": "Outside the window"}, with_words("63016", "Outside the window")),
        ({"ErrorCode": "63003", "ChannelStatusMessage": "No such address"}, with_words("63003", "No such address")),
        ({"ErrorMessage": "Outside the window"}, "Outside the window."),
        ({"ErrorMessage": "x" * 1001}, "x" * 1000),
        ({}, None),
    ],
)
def test_a_failure_has_its_reason(state, reported, error):
    event = status(MessageStatus=state, **reported)
    assert (event.status, event.error) == ("failed", error or state)


@pytest.mark.parametrize(
    ("form", "changes", "named"),
    [
        (MESSAGE, {"MessageSid": "", "SmsSid": None, "SmsMessageSid": None}, "MessageSid"),
        (MESSAGE, {"MessageSid": "x" * 501}, "MessageSid"),
        (MESSAGE, {"From": None, "WaId": "", "ExternalUserId": None}, "From"),
        (MESSAGE, {"From": "x" * 201, "WaId": None, "ExternalUserId": "x" * 201}, "From"),
        (MESSAGE, {"To": None}, "To"),
        (STATUS, {"MessageSid": None, "SmsSid": None}, "MessageSid"),
        (STATUS, {"From": "whatsapp:"}, "From"),
    ],
)
def test_a_form_without_id_or_number_is_rejected(form, changes, named):
    reading = reading_of(form, **changes)
    assert not reading.events
    assert [line.partition(":")[0] for line in reading.rejected] == [named]
    assert not reading.notes


def test_an_unknown_status_is_noted():
    reading = reading_of(STATUS, MessageStatus="canceled")
    assert (reading.events, reading.rejected) == ([], [])
    assert reading.notes == ["MessageStatus: 'canceled' is not known."]


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (b"%00cake%00", "\ufffdcake\ufffd"),
        (b"caf%E9", "caf\ufffd"),
        (b"caf\xe9", "caf\ufffd"),
        (b"%ED%A0%80", "\ufffd\ufffd\ufffd"),
        (b"\x00", "\ufffd"),
    ],
)
def test_characters_that_cannot_be_stored_are_replaced_with_a_note(raw, content):
    body = urlencode(MESSAGE | {"Body": "BODY", "Odd": "BODY"}).encode().replace(b"BODY", raw)
    reading = read(body, NOW)
    (event,) = reading.events
    assert isinstance(event, MessageEvent)
    assert (event.content, event.extras["Odd"]) == (content, content)
    assert [problem.partition(":")[0] for problem in reading.notes] == ["Body, Odd"]


def test_unescaped_utf_8_is_read():
    body = urlencode(MESSAGE | {"Body": "BODY"}).encode().replace(b"BODY", "Grüße 🎂".encode())
    (event,) = read(body, NOW).events
    assert isinstance(event, MessageEvent)
    assert event.content == "Grüße 🎂"


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"hello",
            b'{"object":"whatsapp_business_account"}',
            b"\x00\xff",
            b"&&&",
            b"CallSid=CA1&CallStatus=ringing",
        ),
        b"&".join([b"Body=x"] * (MAX_PARAMETERS + 1)),
    ],
)
def test_a_form_that_is_not_from_twilio_is_unreadable(body):
    with pytest.raises(UnreadableBody):
        read(body, NOW)


def test_parameters_keep_order_blanks_repetitions_and_every_byte():
    assert parameters(b"B=2&A=&B=1+1&C&A=%FF&=x") == [
        *(("B", "2"), ("A", ""), ("B", "1 1"), ("C", ""), ("A", "\udcff"), ("", "x")),
    ]


@given(
    st.binary(max_size=300)
    | st.lists(st.tuples(st.sampled_from([*MESSAGE, *STATUS]), st.text())).map(
        lambda pairs: urlencode([(name, value.encode(errors="surrogatepass")) for name, value in pairs]).encode()
    )
)
@example(b"MessageSid=SM1&From=%00&To=%00")
def test_any_body_is_unreadable_or_read_as_text_that_can_be_stored(body):
    try:
        reading = read(body, NOW)
    except UnreadableBody:
        return
    for text in texts_of([asdict(event) for event in reading.events] + reading.rejected + reading.notes):
        assert "\0" not in text
        text.encode()


def texts_of(value):
    """All strings in a value of dicts and lists, including keys."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        return [text for part in value for text in texts_of(part)]
    return [value] if isinstance(value, str) else []
