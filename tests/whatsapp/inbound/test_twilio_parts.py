"""Reading the parts of Twilio's messages; what API and events show: tests/leadsite/webhooks/test_services_parts.py."""

import pytest

from whatsapp.inbound.twilio_parts import parts_of


@pytest.mark.parametrize(
    ("address", "sid"),
    [
        ("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", "ME1"),
        ("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1?x=1", None),
        ("https://cdn.example/ME1", None),
        ("/Media/", None),
    ],
)
def test_the_id_of_a_file_is_read_from_its_address(address, sid):
    (file,) = parts_of({"MediaUrl0": address})["media"]
    assert (file["id"], file["url"]) == (sid, address)


def test_all_files_of_a_message_are_read():
    form = {f"MediaUrl{number}": f"https://api.twilio.com/ME{number}" for number in range(11)}
    assert len(parts_of(form)["media"]) == 10


@pytest.mark.parametrize(
    "form",
    [{}, {"Body": "Hello", "NumMedia": "0"}, {"MediaUrl0": "", "Forwarded": "false", "FrequentlyForwarded": "no"}],
)
def test_a_message_with_nothing_else_has_no_parts(form):
    assert parts_of(form) == {}
