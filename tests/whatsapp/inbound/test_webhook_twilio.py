"""The webhook with deliveries from Twilio: signatures and responses."""

from urllib.parse import urlencode

import pytest

from conversations.models import Message
from tests.factories import Business
from tests.whatsapp.webhook_client import FORM, OLD_SECRET, PATH, SECRET, assert_refused, deliver_form, provider_client
from whatsapp.channels import connect_channel
from whatsapp.inbound.signature import sign_for_twilio
from whatsapp.models import WebhookDelivery

NUMBER = "+14155238886"
TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
SMS = {
    "MessageSid": "SM8824d91645395b17594d92659b878468",
    "From": "whatsapp:+6285176810035",
    "To": f"whatsapp:{NUMBER}",
    "Body": "Zwei Törtchen & 1 Kuchen 🎂",
    "ProfileName": "Zoë",
    "MediaUrl0": "",
    "AccountSid": "AC1",
}


@pytest.fixture
def provider():
    return provider_client()


@pytest.fixture(autouse=True)
def number(owner: Business, settings):
    settings.WHATSAPP_APP_SECRETS = [OLD_SECRET]
    settings.PUBLIC_URL = ""
    connect_channel(user_id=owner.id, phone_number_id=NUMBER, access_token=f"AC1:{SECRET}")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}?from=console&empty="])
def test_a_signed_delivery_is_stored_and_answered_with_empty_twiml(provider, owner, path):
    answer = deliver_form(provider, SMS, url=f"http://testserver{path}", path=path)
    assert (answer.status_code, answer.content.decode()) == (200, TWIML)
    assert answer["Content-Type"].startswith("text/xml")
    assert WebhookDelivery.objects.get().provider == "twilio"
    assert Message.objects.get().content == SMS["Body"]
    assert owner.row_counts() == (1, 1, 1)


def test_a_repeated_delivery_is_stored_once(provider, owner):
    for _ in range(2):
        assert deliver_form(provider, SMS).status_code == 200
    assert owner.row_counts() == (1, 1, 1)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("public", ["https://leads.example.com", "https://leads.example.com:443"])
def test_behind_a_proxy_the_signed_url_is_the_public_url(provider, settings, public):
    settings.PUBLIC_URL = "https://leads.example.com"
    assert deliver_form(provider, SMS, url=f"{public}{PATH}").status_code == 200
    assert_refused(deliver_form(provider, SMS), 401, "not_authenticated")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "é" * 28,
        sign_for_twilio(f"http://testserver{PATH}", list(SMS.items()), "x"),
    ],
)
def test_a_forged_signature_is_refused_and_nothing_is_stored(provider, header):
    assert_refused(deliver_form(provider, SMS, x_twilio_signature=header), 401, "not_authenticated")
    assert not WebhookDelivery.objects.exists()


def test_a_changed_parameter_is_refused(provider):
    good = sign_for_twilio(f"http://testserver{PATH}", list(SMS.items()), SECRET)
    for forged in (SMS | {"Body": "other"}, SMS | {"Added": ""}, {"Body": SMS["Body"]}):
        assert_refused(deliver_form(provider, forged, x_twilio_signature=good), 401, "not_authenticated")
    assert not WebhookDelivery.objects.exists()


def test_a_form_without_the_signature_of_twilio_needs_that_of_meta(provider):
    answer = provider.post(PATH, urlencode(SMS), content_type=FORM)
    assert_refused(answer, 401, "not_authenticated")


def test_a_form_with_too_many_parameters_is_refused(provider):
    answer = provider.post(PATH, "&a=1" * 500_000, content_type=FORM, headers={"x_twilio_signature": "A" * 27 + "="})
    assert_refused(answer, 401, "not_authenticated")
