"""One person's part of raw deliveries."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.whatsapp import meta
from whatsapp.erasing.bodies import EMPTY, without_person
from whatsapp.erasing.traces import Traces

SHEENA = Traces.of(phones=[f"+{meta.SHEENA}"], ids=[meta.SHEENA_ID], names=["Sheena Nelson"])
OTHER = "447700900123"


def without(body, traces=SHEENA, others=()):
    return without_person("cloud", body, traces, others=others)


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


def test_what_came_through_another_businesss_number_stays():
    body = meta.body(meta.messages_value(messages=[meta.text()]))
    assert without(body, others=[meta.CHANNEL]) == body


@pytest.mark.parametrize("ending", [b"", b"{"])
def test_a_body_that_is_no_json_goes_where_it_has_the_number(ending):
    assert without(b"not json, +1 650 555 1234" + ending) == EMPTY["cloud"]
    assert without(b"not json, +1 650 555 1235" + ending) == b"not json, +1 650 555 1235" + ending


def test_forms_of_twilio():
    form = {"From": f"whatsapp:+{OTHER}", "To": "whatsapp:+15550783881", "Body": "Ask +1 (650) 555-1234"}
    theirs = urlencode(form | {"From": f"whatsapp:+{meta.SHEENA}"}).encode()
    assert without_person("twilio", theirs, SHEENA, others=()) == b""
    left = without_person("twilio", urlencode(form).encode(), SHEENA, others=())
    assert dict(parse_qsl(left.decode()))["Body"] == "Ask [erased]"
    assert without_person("twilio", theirs, SHEENA, others=["+15550783881"]) == theirs
