"""Senders and times: numbers, user ids and contacts in every format."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.incoming import Sender
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.meta import read_all, read_one

ITEM = "entry[0].changes[0].value"


@pytest.mark.parametrize(
    ("from_", "phone"),
    [
        ("16505551234", "+16505551234"),
        (16505551234, "+16505551234"),
        ("+1 (650) 555-1234", "+16505551234"),
        ("0049 151 23456789", "+4915123456789"),
        ("1234567", "+1234567"),
    ],
)
def test_digits_are_a_phone_number(from_, phone):
    assert read_one(meta.text(from_=from_)).customer == Sender(phone=phone, whatsapp_user_id=None)


@pytest.mark.parametrize(
    "from_",
    [meta.SHEENA_ID, "US.ENT.11815799212886844830", "[<WHATSAPP_USER_PHONE_NUMBER>]", "123456", "1" * 16, "0151234567"],
)
def test_anything_else_in_from_is_a_user_id(from_):
    assert read_one(meta.text(from_=from_)).customer == Sender(phone=None, whatsapp_user_id=from_)


def test_a_customer_without_a_number_is_identified_by_user_id():
    contacts = [meta.contact(None, user_id=meta.SHEENA_ID, username="@sheena", parent_user_id="US.9")]
    event = read_one(meta.text(from_=None, from_user_id=meta.SHEENA_ID, from_parent_user_id="US.9"), contacts=contacts)
    assert event.customer == Sender(phone=None, whatsapp_user_id=meta.SHEENA_ID, name="Sheena Nelson")
    assert event.extras == {"from_parent_user_id": "US.9", "username": "@sheena", "parent_user_id": "US.9"}


def test_from_user_id_takes_precedence_over_a_user_id_in_from():
    assert read_one(meta.text(from_="US.1", from_user_id="US.2")).customer.whatsapp_user_id == "US.2"


@each_case(
    ("sender", "contact", "expected"),
    [
        ({"from_": meta.SHEENA}, meta.contact(user_id="US.1"), ("+16505551234", "US.1", "Sheena Nelson")),
        (
            {"from_": None, "from_user_id": "US.1"},
            meta.contact(user_id="US.1"),
            ("+16505551234", "US.1", "Sheena Nelson"),
        ),
        ({"from_": "US.1"}, meta.contact("US.1"), (None, "US.1", "Sheena Nelson")),
        ({"from_": "5511987654321"}, meta.contact("551187654321"), ("+5511987654321", None, "Sheena Nelson")),
        ({"from_": "5491123456789"}, meta.contact("541123456789"), ("+5491123456789", None, "Sheena Nelson")),
        # The only contact of the only message is its sender's, though the numbers differ or are missing.
        (
            {"from_": meta.SHEENA},
            meta.contact("16505559999", user_id="US.1"),
            ("+16505551234", "US.1", "Sheena Nelson"),
        ),
        ({"from_": meta.SHEENA}, meta.contact(None), ("+16505551234", None, "Sheena Nelson")),
        ({"from_": "US.2"}, meta.contact(None, user_id="US.1"), (None, "US.2", "Sheena Nelson")),
        ({"from_": meta.SHEENA}, meta.contact(name="\u3164\u200e\u200b"), ("+16505551234", None, "")),
        ({"from_": meta.SHEENA}, meta.contact(name=None), ("+16505551234", None, "")),
        ({"from_": meta.SHEENA}, {"wa_id": meta.SHEENA, "profile": ["x"]}, ("+16505551234", None, "")),
        ({"from_": meta.SHEENA}, {"wa_id": [], "user_id": {}, "profile": None}, ("+16505551234", None, "")),
        ({"from_": meta.SHEENA}, meta.contact(name="  Bo\t"), ("+16505551234", None, "Bo")),
    ],
)
def test_a_contact_is_found_by_identifier_and_adds_its_other_identifiers(sender, contact, expected):
    customer = read_one(meta.text(**sender), contacts=[contact]).customer
    assert (customer.phone, customer.whatsapp_user_id, customer.name) == expected


def test_a_name_that_is_too_long_is_cut_with_a_note():
    reading = read_all(meta.messages_value(messages=[meta.text()], contacts=[meta.contact(name="x" * 201)]))
    assert reading.events[0].customer.name == "x" * 200
    assert reading.notes == [f"{ITEM}.contacts[0].profile: name is longer than 200 characters and was cut"]


def test_contacts_are_never_matched_by_position():
    contacts = [meta.contact("49151000002", name="Two"), meta.contact("49151000001", name="One")]
    messages = [meta.text(from_="49151000001"), meta.text(from_="49151000002"), meta.text(from_="49151000003")]
    reading = read_all(meta.messages_value(messages=messages, contacts=contacts))
    assert [event.customer.name for event in reading.events] == ["One", "Two", ""]


def test_a_message_without_a_sender_belongs_to_the_only_contact_if_it_is_the_only_message():
    value = meta.messages_value(messages=[meta.text(from_=None)], contacts=[meta.contact()])
    assert read_all(value).events[0].customer.phone == "+16505551234"
    value["statuses"] = [meta.status()]
    assert read_all(value).events[0].customer.phone == "+16505551234"
    value["message_echoes"] = [meta.echo(to=meta.BUSINESS)]
    reading = read_all(value)
    assert [event.provider_id for event in reading.events[:1]] == [value["statuses"][0]["id"]]
    assert reading.rejected == [f"{ITEM}.messages[0]: has neither the number nor the user id of a customer"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"id": None}, "id is missing"),
        ({"id": ""}, "id is missing"),
        ({"id": ["wamid.1"]}, "id is missing"),
        ({"id": True}, "id is missing"),
        ({"id": "x" * 501}, "id is longer than 500 characters"),
        ({"from_": None}, "has neither the number nor the user id of a customer"),
        ({"from_": {"a": 1}}, "has neither the number nor the user id of a customer"),
        ({"from_": " "}, "has neither the number nor the user id of a customer"),
    ],
)
def test_a_message_without_id_or_sender_is_rejected_and_the_others_are_read(bad, reason):
    messages = [meta.text("before"), meta.text(**bad), None, meta.text("after")]
    reading = read_all(meta.messages_value(messages=messages))
    assert [event.content for event in reading.events] == ["before", "after"]
    assert reading.rejected == [f"{ITEM}.messages[1]: {reason}", f"{ITEM}.messages[2]: is not an object"]


def test_a_user_id_that_is_too_long_is_noted():
    reading = read_all(meta.messages_value(messages=[meta.text(from_="x" * 201), meta.text(from_="y" * 200)]))
    assert [event.customer.whatsapp_user_id for event in reading.events] == ["y" * 200]
    assert reading.notes[0] == f"{ITEM}.messages[0]: from is longer than 200 characters; left out"


@pytest.mark.parametrize("identifier", [123, "x" * 500, "a=+/b", 123456789012345678901234567890])
def test_an_id_may_be_a_number_or_long(identifier):
    assert read_one(meta.text(id=identifier)).provider_id == str(identifier)


IN_FIVE_MINUTES = int((meta.NOW + timedelta(minutes=5)).timestamp())


@pytest.mark.parametrize(
    "timestamp", [1_750_000_000, "1750000000", " 1750000000 ", 1750000000.0, IN_FIVE_MINUTES, "1230768000"]
)
def test_a_time_may_be_text_or_number(timestamp):
    seconds = int(float(timestamp))
    assert read_one(meta.text() | {"timestamp": timestamp}).provider_time == datetime.fromtimestamp(seconds, UTC)


@each_case(
    "timestamp",
    [
        *("TIMESTAMP", "", "9" * 5000, "١٧٥٠٠٠٠٠٠٠", True, [], {}),
        *(-1, 0, 1230767999, IN_FIVE_MINUTES + 1, 1750000000000, 10**30, 1e300, 1750000000.5),
    ],
)
def test_an_implausible_time_is_left_out_with_a_note(timestamp):
    reading = read_all(meta.messages_value(messages=[meta.text() | {"timestamp": timestamp}]))
    assert reading.events[0].provider_time is None
    assert reading.notes == [f"{ITEM}.messages[0]: its timestamp is not plausible; the time of arrival is used"]


def test_a_missing_time_is_noted():
    reading = read_all(meta.messages_value(messages=[meta.text(timestamp=None)]))
    assert (reading.events[0].provider_time, reading.rejected) == (None, [])
    assert reading.notes == [f"{ITEM}.messages[0]: timestamp is missing; the time of arrival is used"]


def test_several_messages_or_contacts_are_matched_by_identifier():
    other = meta.contact("16505559999", name="Other", user_id="US.9")
    reading = read_all(meta.messages_value(messages=[meta.text(), meta.text(from_="16505550000")], contacts=[other]))
    assert [(event.customer.whatsapp_user_id, event.customer.name) for event in reading.events] == [
        (None, ""),
        (None, ""),
    ]
    event = read_one(meta.text(), contacts=[other, meta.contact("16505558888", name="Third")])
    assert (event.customer.whatsapp_user_id, event.customer.name) == (None, "")
    thread = {"id": meta.SHEENA, "messages": [meta.text(), meta.text()]}
    value = meta.value(history=[{"threads": [thread]}], contacts=[other])
    assert {event.customer.name for event in read_all(meta.change("history", value)).events} == {""}
