from datetime import UTC, datetime

import pytest

from leads.migrating.values import (
    read_conversation_status,
    read_lead_status,
    read_message_status,
    read_name,
    read_sender,
    read_time,
    read_type,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-01 12:00:00.5+00",
        "2025-03-01 12:00:00.500+00:00",
        "2025-03-01T12:00:00.5Z",
        "2025-03-01 12:00:00.5",
        "2025-03-01 13:00:00.500000+01",
        "2025-03-01 12:00:00.5 UTC",
    ],
)
def test_times_as_postgresql_and_javascript_write_them(text):
    assert read_time(text, now=NOW) == datetime(2025, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01 00:00:00+00", "2126-01-01", "infinity", "1970-01-01"])
def test_what_is_no_time_of_such_a_system_is_none(text):
    assert read_time(text, now=NOW) is None


@pytest.mark.parametrize("word", ["customer", "USER", "inbound", " incoming "])
def test_senders_that_are_the_customer(word):
    assert read_sender(word) == "in"


@pytest.mark.parametrize("word", ["bot", "assistant", "Business", "outbound", "agent"])
def test_senders_that_are_the_business(word):
    assert read_sender(word) == "out"


def test_an_unknown_sender_is_none():
    assert read_sender("+4915112345678") is None


def test_words_for_types_and_statuses():
    assert read_type("Booking") == ("booking", "")
    assert read_type("appointment").value == "booking"
    assert read_type("") == ("inquiry", "")
    assert "unknown here" in read_type("gift").note
    assert read_lead_status("closed_won").value == "converted"
    assert read_lead_status("") == ("new", "")
    assert read_conversation_status("") == ("active", "")
    assert read_conversation_status("resolved").value == "completed"


def test_what_waited_to_be_sent_has_failed():
    assert read_message_status("pending")[0] == "failed"
    assert read_message_status("") == ("sent", "")
    assert read_message_status("Read") == ("read", "")


def test_names_that_stood_for_none():
    assert read_name("Unknown") == ""
    assert read_name(" Ana \n Lima ") == "Ana Lima"
