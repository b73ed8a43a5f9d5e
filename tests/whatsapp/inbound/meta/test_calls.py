"""Reading the parts of Meta's calls."""

import pytest

from conversations.calls import Call
from conversations.incoming import Opens, Sender
from tests.cases import each_case
from tests.whatsapp import meta

SHEENA = Sender(phone="+16505551234", whatsapp_user_id=None)
ITEM = "entry[0].changes[0].value"


def read_calls(**parts):
    return meta.reading(meta.body(meta.change("calls", meta.value(**parts))))


def read_one(*, key="calls", **fields):
    (event,) = read_calls(**{key: [meta.call() | fields]}).events
    return event


@pytest.mark.parametrize("direction", ["USER_INITIATED", None])
def test_a_call_from_a_customer_opens_a_lead(direction):
    call = meta.call(session={"sdp": "v=0"}, connection={}) | {"direction": direction}
    (event,) = read_calls(calls=[call], contacts=[meta.contact()]).events
    assert (event.direction, event.status, event.opens, event.content) == ("in", "received", Opens.LEAD, "Called")
    assert (event.kind, event.customer.name, event.call) == ("call", "Sheena Nelson", Call(took_place=True))
    assert event.extras["events"] == {"connect": {"event": "connect"}}


def test_a_call_by_the_business_is_outgoing():
    reading = read_calls(calls=[meta.call("BUSINESS_INITIATED"), {}])
    (event,) = reading.events
    assert (event.direction, event.status, event.opens) == ("out", "sent", Opens.CONVERSATION)
    assert (event.content, event.customer) == ("Called the customer", SHEENA)
    assert reading.rejected == [f"{ITEM}.calls[1]: id is missing"]


@each_case(
    ("fields", "facts"),
    [
        ({"status": "COMPLETED", "duration": 120}, {"seconds": 120, "ended": True}),
        ({"status": "COMPLETED", "duration": "120"}, {"seconds": 120, "ended": True}),
        ({"status": "COMPLETED", "duration": 120.4}, {"seconds": 120, "ended": True}),
        ({"status": "FAILED", "start_time": "1000", "end_time": "1020"}, {"seconds": 20, "ended": True}),
        ({"status": ["Failed", "Completed"], "duration": 480}, {"seconds": 480, "ended": True}),
        ({"status": "COMPLETED"}, {"ended": True}),
        ({"status": "FAILED", "duration": 0}, {"ended": True}),
        ({"status": "REJECTED"}, {"ended": True, "declined": True}),
        ({"status": "Accepted"}, {"ended": True, "answered": True}),
        ({"event": "reject"}, {"declined": True}),
        ({"event": "accept"}, {"answered": True}),
        ({"event": None, "duration": [], "status": {}}, {}),
        ({"duration": 1e300, "start_time": "9" * 50, "end_time": -5}, {"ended": True}),
        ({"duration": True}, {"ended": True}),
    ],
)
def test_the_end_of_a_call_says_what_became_of_it(fields, facts):
    event = read_one(**{"event": "terminate"} | fields)
    assert event.call == Call(took_place=True, **facts)
    assert event.opens is Opens.LEAD


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"event": "recording", "media_id": "1"}, {"recorded": True}),
        ({"event": "media_ready", "recording": {"id": "1"}}, {"recorded": True}),
        ({"event": "transcript", "transcript": " Hello "}, {"transcript": "Hello"}),
        (
            {"event": "transcription", "transcript": [{"speaker": "Amina", "text": "Hello"}, {"text": "Yes?"}, 5]},
            {"transcript": "Amina: Hello\nYes?\n5"},
        ),
        ({"event": "transcript", "transcription": {"segments": [{"text": "Hello"}]}}, {"transcript": "Hello"}),
        ({"event": "transcript", "media_id": "1"}, {}),
        ({"event": "something_new"}, {}),
    ],
)
def test_a_recording_or_transcript_opens_nothing_by_itself(fields, facts):
    event = read_one(**fields)
    assert (event.call, event.opens) == (Call(**facts), Opens.HOLDER)
    assert read_one(key="recordings", **fields).call == Call(**facts)
    without_people = read_one(**fields, **{"from": None, "to": None})
    assert (without_people.opens, without_people.customer) == (Opens.NOTHING, Sender(phone=None, whatsapp_user_id=None))


@pytest.mark.parametrize("field", ["calls", "messages"])
@pytest.mark.parametrize(
    ("state", "facts"),
    [("RINGING", {}), ("ACCEPTED", {"answered": True}), ("REJECTED", {"declined": True}), (None, {})],
)
def test_a_status_of_a_call_is_a_part_of_an_outgoing_one(field, state, facts):
    status = meta.status(state, type="call", id="wacid.1")
    (event,) = meta.reading(meta.body(meta.change(field, meta.value(statuses=[status])))).events
    assert (event.provider_id, event.direction, event.opens) == ("wacid.1", "out", Opens.HOLDER)
    assert (event.call, event.customer) == (Call(**facts), SHEENA)


def test_the_id_of_a_recording_may_be_named_call_id():
    assert read_one(id=None, call_id="wacid.1", event="recording").provider_id == "wacid.1"


def test_reserved_extras_are_kept_apart():
    event = read_one(details=1, times={}, referral="ad")
    assert event.extras["events"]["connect"] == {"event": "connect", "details": 1, "times": {}, "referral": "ad"}
    assert event.extras.keys() == {"call", "events"}
