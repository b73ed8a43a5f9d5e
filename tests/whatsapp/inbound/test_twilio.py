"""Reading Twilio's messages."""

import pytest

from conversations.incoming import MessageEvent, Opens, Sender
from tests.cases import each_case
from tests.whatsapp.twilio_forms import BUSINESS, CUSTOMER, MESSAGE, SID, reading_of


def message(**changes: str | None) -> MessageEvent:
    reading = reading_of(MESSAGE, **changes)
    (event,) = reading.events
    assert isinstance(event, MessageEvent)
    assert not reading.rejected + reading.notes
    return event


def test_a_text_is_a_message_that_opens_a_lead():
    assert message() == MessageEvent(
        channel=BUSINESS,
        customer=Sender(phone=CUSTOMER, whatsapp_user_id="ID.4566546130240823", name="Teknisee"),
        provider_id=SID,
        direction="in",
        kind="text",
        content="Two cakes, please",
        provider_time=None,
        opens=Opens.LEAD,
        extras={
            "ApiVersion": "2010-04-01",
            "ExternalUserId": "whatsapp:ID.4566546130240823",
            "FrequentlyForwarded": "false",
            "MessageType": "text",
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
        },
    )


def test_a_form_in_twilios_older_format_is_read():
    event = message(
        ExternalUserId=None, MessageType=None, MessageSid=None, SmsMessageSid=None, FrequentlyForwarded=None
    )
    assert (event.kind, event.provider_id, event.customer.whatsapp_user_id) == ("text", SID, None)


def test_text_is_stored_unchanged():
    assert message(Body="  Grüße 🎂\r\n&=+% ").content == "  Grüße 🎂\r\n&=+% "


@each_case(
    ("changes", "phone", "user_id"),
    [
        ({"ExternalUserId": None}, CUSTOMER, None),
        ({"ExternalUserId": None, "From": f"WhatsApp:{CUSTOMER}"}, CUSTOMER, None),
        ({"ExternalUserId": None, "From": CUSTOMER}, CUSTOMER, None),
        ({"ExternalUserId": None, "From": None}, CUSTOMER, None),
        ({"ExternalUserId": None, "From": ""}, CUSTOMER, None),
        # The number in From is used: WaId may lack Mexico's 1 or Brazil's 9.
        ({"From": "whatsapp:+5215539242554", "WaId": "525539242554"}, "+5215539242554", "ID.4566546130240823"),
        ({"From": "whatsapp:ID.4566546130240823", "WaId": None}, None, "ID.4566546130240823"),
        ({"From": "whatsapp:ID.99", "WaId": None, "ExternalUserId": None}, None, "ID.99"),
        ({"From": "whatsapp:ID.99", "ExternalUserId": None}, CUSTOMER, "ID.99"),
        ({"From": None, "WaId": "ID.99", "ExternalUserId": None}, None, "ID.99"),
        ({"From": None, "WaId": None}, None, "ID.4566546130240823"),
        ({"From": "whatsapp:a shop", "WaId": None, "ExternalUserId": None}, None, "a shop"),
        ({"From": "x" * 201, "WaId": "x" * 201}, None, "ID.4566546130240823"),
    ],
)
def test_the_sender_is_identified_by_number_user_id_or_both(changes, phone, user_id):
    assert message(**changes).customer == Sender(phone=phone, whatsapp_user_id=user_id, name="Teknisee")


@each_case(
    ("changes", "kind", "content"),
    [
        ({"Body": ""}, "text", ""),
        ({"Body": "", "MessageType": None}, "unsupported", ""),
        ({"MessageType": "Something New"}, "text", "Two cakes, please"),
        ({"MessageType": "reaction", "Body": "👍"}, "reaction", "👍"),
        ({"MessageType": "unsupported", "Body": ""}, "unsupported", ""),
        ({"MessageType": "button", "ButtonText": "Yes", "ButtonPayload": "y", "Body": "Yes"}, "button", "Yes"),
        ({"MessageType": None, "ButtonText": "Yes", "ButtonPayload": "y", "Body": ""}, "button", "Yes"),
        ({"MessageType": None, "ButtonPayload": "yes", "Body": ""}, "button", "yes"),
        ({"MessageType": "interactive", "ListId": "1", "ListTitle": "Cakes", "Body": ""}, "interactive", "Cakes"),
        (
            {"MessageType": None, "ListTitle": "Cakes", "ListDescription": "For 40", "Body": "Cakes"},
            "interactive",
            "Cakes – For 40",
        ),
        ({"MessageType": None, "ListId": "1", "Body": ""}, "interactive", ""),
        (
            {
                "MessageType": "interactive",
                "InteractiveData": '{"first_name": "Amina", "guests": 40, "flow_token": "x"}',
                "Body": "Sent",
            },
            "interactive",
            "First name: Amina\nGuests: 40",
        ),
        ({"MessageType": None, "FlowData": '{"guests": 40}', "Body": ""}, "interactive", "Guests: 40"),
        ({"InteractiveData": "{}", "MessageType": "interactive", "Body": "Two"}, "interactive", "Two"),
    ],
)
def test_each_kind_has_its_name_and_text(changes, kind, content):
    event = message(**changes)
    assert (event.kind, event.content) == (kind, content)


@each_case(
    ("content_type", "message_type", "kind"),
    [
        ("image/jpeg", None, "image"),
        ("image/jpeg", "image", "image"),
        ("image/webp", "sticker", "sticker"),
        ("video/mp4", None, "video"),
        ("audio/ogg; codecs=opus", None, "audio"),
        ("application/pdf", None, "document"),
        ("application/pdf", "document", "document"),
        ("text/vcard", "contacts", "contacts"),
        ("text/x-vcard", None, "contacts"),
        ("", None, "document"),
        ("IMAGE/PNG", "text", "image"),
    ],
)
def test_media_have_the_kind_of_their_content_type(content_type, message_type, kind):
    address = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    event = message(
        NumMedia="1", MediaUrl0=address, MediaContentType0=content_type, MessageType=message_type, Body="Like this"
    )
    assert (event.kind, event.content, event.extras["MediaUrl0"]) == (kind, "Like this", address)


def test_all_media_of_a_message_are_stored():
    media = {f"MediaUrl{number}": f"https://api.twilio.com/ME{number}" for number in range(10)}
    assert media.items() <= message(NumMedia="10", **media).extras.items()


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ({"Label": "Bella's", "Address": "Main Street 1"}, "Bella's, Main Street 1 (52.52, 13.40)"),
        ({"Address": "Main Street 1"}, "Main Street 1 (52.52, 13.40)"),
        ({}, "(52.52, 13.40)"),
    ],
)
def test_the_content_of_a_location_is_its_name_address_and_position(place, content):
    event = message(MessageType=None, Body="", Latitude="52.52", Longitude="13.40", **place)
    assert (event.kind, event.content) == ("location", content)
    assert event.extras.items() >= {"Latitude": "52.52", "Longitude": "13.40", **place}.items()


def test_the_quoted_message_and_forwarding_are_stored():
    parameters = {"OriginalRepliedMessageSid": "MM5c", "OriginalRepliedMessageSender": BUSINESS, "Forwarded": "true"}
    assert parameters.items() <= message(**parameters).extras.items()


def test_texts_too_long_for_their_column_are_cut():
    reading = reading_of(MESSAGE, Body="x" * 65_537, ProfileName="N" * 201)
    (event,) = reading.events
    assert isinstance(event, MessageEvent)
    assert (len(event.content), event.customer.name) == (65_536, "N" * 200)
    assert [problem.partition(":")[0] for problem in reading.notes] == ["Body", "ProfileName"]


def test_reserved_extras_are_renamed():
    extras = message(times="noon", details="", Times="x").extras
    assert (extras["times_"], extras["Times"]) == ("noon", "x")
    assert not {"times", "details", "details_"} & extras.keys()
