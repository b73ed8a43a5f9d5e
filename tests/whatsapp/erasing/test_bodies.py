"""One person's part of raw deliveries."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.whatsapp import meta
from whatsapp.erasing.bodies import EMPTY, without_person
from whatsapp.erasing.traces import Traces

SHEENA = Traces.of(phones=[f"+{meta.SHEENA}"], ids=[meta.SHEENA_ID], names=["Sheena Nelson"])
OTHER = "447700900123"


def own(ids):
    return lambda number, named: number in (meta.CHANNEL, f"+{meta.BUSINESS}")


def without(body, traces=SHEENA):
    return without_person("cloud", body, traces, own=own)


def test_only_the_persons_part_is_taken_out():
    theirs, others = meta.text("My secret"), meta.text("Hello", from_=OTHER, id="wamid.other")
    contacts = [meta.contact(), meta.contact(OTHER, name="Otto")]
    body = meta.body(meta.messages_value(messages=[theirs, others], contacts=contacts))
    left = json.loads(without(body))
    value = left["entry"][0]["changes"][0]["value"]
    assert (value["messages"], value["contacts"]) == ([others], contacts[1:])
    assert without(json.dumps(left).encode()) == json.dumps(left).encode()


def test_of_a_delivery_of_the_person_alone_nothing_is_left():
    assert without(meta.body(meta.messages_value(messages=[meta.text()], contacts=[meta.contact()]))) == EMPTY["cloud"]
    assert without(meta.body(meta.messages_value(statuses=[meta.status()]))) == EMPTY["cloud"]


def test_a_status_that_is_known_by_its_id_takes_its_recipient_along():
    status = meta.status(id="wamid.known")
    body = meta.body(
        meta.messages_value(
            statuses=[status, meta.status(recipient_id=OTHER, id="wamid.other")], contacts=[meta.contact()]
        )
    )
    left = without(body, Traces.of(ids=["wamid.known"]))
    assert meta.SHEENA.encode() not in left
    assert OTHER.encode() in left


def test_what_came_through_another_businesss_number_or_nobodys_stays():
    body = meta.body(meta.messages_value("999", messages=[meta.text()]))
    assert without(body) == body


@pytest.mark.parametrize(
    "parts",
    [
        {"messages": [meta.text(id="wamid.known")], "contacts": [meta.contact()]},
        {"statuses": [meta.status(id="wamid.known")], "contacts": [meta.contact()]},
        {"messages": [meta.message("reaction", {"message_id": "wamid.known", "emoji": "x"})]},
    ],
)
def test_what_names_a_message_of_the_person_goes_also_where_the_number_has_moved(parts):
    known = Traces.of(phones=[f"+{meta.SHEENA}"], ids=["wamid.known"])
    assert without(meta.body(meta.messages_value("999", **parts)), known) == EMPTY["cloud"]


@pytest.mark.parametrize("ending", [b"", b"{"])
def test_a_body_that_is_no_json_goes_where_it_has_the_number(ending):
    assert without(b"not json, +1 650 555 1234" + ending) == EMPTY["cloud"]
    assert without(b"not json, +1 650 555 1235" + ending) == b"not json, +1 650 555 1235" + ending


def test_forms_of_twilio():
    form = {"From": f"whatsapp:+{OTHER}", "To": "whatsapp:+15550783881", "Body": "Ask +1 (650) 555-1234"}
    theirs = urlencode(form | {"From": f"whatsapp:+{meta.SHEENA}"}).encode()
    assert without_person("twilio", theirs, SHEENA, own=own) == b""
    left = without_person("twilio", urlencode(form).encode(), SHEENA, own=own)
    assert dict(parse_qsl(left.decode()))["Body"] == "Ask [erased]"
    to_others = urlencode(form | {"From": f"whatsapp:+{meta.SHEENA}", "To": "whatsapp:+15550000000"}).encode()
    assert without_person("twilio", to_others, SHEENA, own=own) == to_others
    named = to_others + b"&MessageSid=SM1"
    assert without_person("twilio", named, Traces.of(phones=[f"+{meta.SHEENA}"], ids=["SM1"]), own=own) == b""
