"""The id of a WhatsApp number, in the form in which deliveries name it."""

import pytest
from django.core.exceptions import ValidationError

from whatsapp.models import Channel, ChannelInvalid, normalise_channel_id


@pytest.mark.parametrize(
    ("provider", "written", "reason"),
    [
        ("cloud", "+14155238886", "This is a phone number"),
        ("cloud", "whatsapp:+14155238886", "This is a phone number"),
        ("cloud", "  ", "must not be empty"),
        ("cloud", "10 65", "or contain spaces"),
        ("twilio", "1065", "international form"),
        ("twilio", "whatsapp:", "international form"),
    ],
)
def test_an_id_that_no_delivery_can_name_is_refused_in_forms_too(db, provider, written, reason):
    with pytest.raises(ChannelInvalid, match=reason):
        normalise_channel_id(provider, written)
    channel = Channel(provider=provider, phone_number_id=written)
    with pytest.raises(ValidationError) as refused:
        channel.clean_fields(exclude={"user"})
    assert set(refused.value.message_dict) == {"phone_number_id"}


def test_a_form_stores_the_id_normalised():
    channel = Channel(provider="twilio", phone_number_id="whatsapp:+1 415 523 8886")
    channel.clean_fields(exclude={"user"})
    assert channel.phone_number_id == "+14155238886"
