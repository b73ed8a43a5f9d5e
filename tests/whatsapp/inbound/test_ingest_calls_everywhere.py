"""Calls as staff and programs see them: the events of each part, in which the row says what is known by then."""

from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_call_parts import BARE_STATUS, RECORDINGS, TRANSCRIPTS, bare
from tests.whatsapp.inbound.test_ingest_calls import CALL, COMPLETED, CONNECT, RECORDED, TRANSCRIBED, ended, outgoing


def parts(*items):
    return [{"calls": [item]} for item in items]


def state(name, *, calls=()):
    return {"statuses": [meta.status(name, id=CALL, type="call")]} | ({"calls": [*calls]} if calls else {})


def of_the_customer(value):
    """A list of recordings or transcripts, which says whose they are."""
    ((key, (item,)),) = value.items()
    return {key: [item | {"from": meta.SHEENA}]}


# The values in the order of their deliveries -> what the row says after each that changed it.
CALLS = {
    "connect": (parts(CONNECT), ["Called"]),
    "missed": (parts(CONNECT, ended("FAILED")), ["Called", "Missed call"]),
    "missed, by the end alone": (parts(ended("FAILED")), ["Missed call"]),
    "missed, told as completed without a duration": (
        parts(CONNECT, ended("COMPLETED")),
        ["Called", "Missed call"],
    ),
    "declined": (parts(CONNECT, ended("REJECTED")), ["Called", "Call declined"]),
    "answered": (parts(CONNECT, COMPLETED), ["Called", "Call, 2 min"]),
    "failed after an answer": (parts(CONNECT, ended("FAILED", duration=20)), ["Called", "Call, 20 s"]),
    "statuses of a customer's call": (
        [*parts(CONNECT), state("ACCEPTED"), *parts(COMPLETED)],
        ["Called", "Call", "Call, 2 min"],
    ),
    "recording": (parts(CONNECT, COMPLETED, RECORDED), ["Called", "Call, 2 min", "Call, 2 min, recorded"]),
    "transcript": (
        parts(CONNECT, COMPLETED, TRANSCRIBED),
        ["Called", "Call, 2 min", "Call, 2 min\nTwo cakes, please"],
    ),
    "lists of recordings and transcripts": (
        [*parts(CONNECT, COMPLETED), of_the_customer(RECORDINGS), of_the_customer(TRANSCRIPTS)],
        ["Called", "Call, 2 min", "Call, 2 min, recorded", "Call, 2 min, recorded\nCustomer: Two cakes"],
    ),
    "parts without numbers": (
        [*parts(CONNECT, COMPLETED, bare(RECORDED)), {"statuses": [BARE_STATUS]}],
        ["Called", "Call, 2 min", "Call, 2 min, recorded"],
    ),
    "all parts in one delivery": (
        [{"calls": [CONNECT, COMPLETED, RECORDED, TRANSCRIBED]}],
        ["Call, 2 min, recorded\nTwo cakes, please"],
    ),
    "a repeated part": (parts(CONNECT, COMPLETED, CONNECT, COMPLETED), ["Called", "Call, 2 min"]),
}


@each_case(("name", "values", "said"), [(name, *case) for name, case in CALLS.items()])
def test_each_part_of_a_call_is_an_event_of_its_one_row(inbox, views, name, values, said):
    for value in values:
        inbox.gets_change("calls", **value)
    (first, *later), last = said, said[-1]
    seen = views.seen()
    assert seen[:3] == ([f"in call: {last}"], [last.replace("\n", " / ")], [f"in call: {last}"])
    events = [f"message.received: {first}", f"lead.created: {first}"]
    assert seen.events == events + [f"{kind}: {one}" for one in later for kind in ("message.received", "lead.updated")]
    assert inbox.counts() == (1, 1, 1, 1)


OUTGOING = {
    "connect": (parts(outgoing(CONNECT)), "Called the customer"),
    "ringing": ([state("RINGING"), *parts(outgoing(CONNECT))], "Called the customer"),
    "not answered": ([state("RINGING"), *parts(outgoing(CONNECT), outgoing(ended("COMPLETED")))], "Call, not answered"),
    "declined": ([state("REJECTED"), *parts(outgoing(CONNECT))], "Call declined"),
    "accepted": ([*parts(outgoing(CONNECT)), state("ACCEPTED")], "Call"),
    "ended": ([state("ACCEPTED"), *parts(outgoing(CONNECT), outgoing(COMPLETED))], "Call, 2 min"),
    "recorded": (
        [*parts(outgoing(CONNECT), outgoing(COMPLETED), bare(RECORDED)), {"statuses": [BARE_STATUS]}],
        "Call, 2 min, recorded",
    ),
    "in one delivery": ([state("ACCEPTED", calls=[outgoing(CONNECT), outgoing(COMPLETED)])], "Call, 2 min"),
}


def test_a_recording_that_comes_before_its_call_is_no_lead_until_then(inbox, views):
    said = ["Call, recorded", "Call, recorded", "Call, 2 min, recorded"]
    events = [f"message.received: {said[0]}", *(f"lead.created: {said[1]}",), f"message.received: {said[2]}"]
    for part in (RECORDED, CONNECT, COMPLETED):
        inbox.gets_change("calls", calls=[part])
    assert views.seen() == (
        [f"in call: {said[2]}"],
        [said[2]],
        [f"in call: {said[2]}"],
        [*events, f"lead.updated: {said[2]}"],
    )


@each_case(("name", "values", "said"), [(name, *case) for name, case in OUTGOING.items()])
def test_a_call_of_the_business_is_seen_and_is_no_event(inbox, views, name, values, said):
    for value in values:
        inbox.gets_change("calls", **value)
    assert views.seen() == ([f"out call: {said}"], [said], [f"out call: {said}"], [])
    assert inbox.counts() == (1, 1, 0, 1)
