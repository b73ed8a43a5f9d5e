"""Deliveries forged with the secret of another tenant or provider, to a real server."""

from itertools import product
from urllib.parse import urlencode

import pytest

from conversations.models import Message
from tests.factories import NOTHING, Business
from tests.site import SERVED_SECRET, Site, request
from tests.whatsapp import meta, twilio_forms
from tests.whatsapp.webhook_client import FORM, PATH
from whatsapp.channels import connect_channel
from whatsapp.inbound.signature import sign_for_meta, sign_for_twilio
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

A, B = "secret-of-A", "secret-of-B"
A_NUMBER, B_NUMBER, UNKNOWN = "2001", "2002", "2003"
A_TWILIO, B_TWILIO = "+14155238891", "+14155238892"
SECRETS = (A, B, "token-of-A", "token-of-B", SERVED_SECRET)
NUMBERS = (A_NUMBER, B_NUMBER, A_TWILIO, B_TWILIO)
GENUINE = {(A_NUMBER, A), (B_NUMBER, B)}
GENUINE_AT_TWILIO = {(A_TWILIO, "token-of-A", "ACaaaa"), (B_TWILIO, "token-of-B", "ACbbbb")}


@pytest.fixture(autouse=True)
def tenants(owner: Business, stranger: Business) -> None:
    """A is the owner and B the stranger; each has a number at both providers. The list has a secret, too."""
    connect_channel(user_id=owner.id, phone_number_id=A_NUMBER, app_secret=A)
    connect_channel(user_id=stranger.id, phone_number_id=B_NUMBER, app_secret=B)
    connect_channel(user_id=owner.id, phone_number_id=A_TWILIO, access_token="ACaaaa:token-of-A")
    connect_channel(user_id=stranger.id, phone_number_id=B_TWILIO, access_token="ACbbbb:token-of-B")


def value(number: str, text: str = "Hello") -> dict[str, object]:
    return meta.messages_value(number, messages=[meta.text(text)])


def to_meta(site: Site, body: bytes, secret: str) -> int:
    headers = {"X-Hub-Signature-256": sign_for_meta(body, secret), "Content-Type": "application/json"}
    return request("POST", site.address + PATH, data=body, headers=headers).status_code


def to_twilio(site: Site, number: str, secret: str, account: str) -> int:
    form = twilio_forms.MESSAGE | {"To": f"whatsapp:{number}", "AccountSid": account}
    signature = sign_for_twilio(site.address + PATH, list(form.items()), secret)
    headers = {"X-Twilio-Signature": signature, "Content-Type": FORM}
    return request("POST", site.address + PATH, data=urlencode(form), headers=headers).status_code


def test_nothing_is_forged_between_tenants_and_providers(
    owner: Business, stranger: Business, served_site: Site
) -> None:
    for number, secret in product(NUMBERS, SECRETS):
        if (number, secret) not in GENUINE:
            assert to_meta(served_site, meta.body(value(number)), secret) == 401, (number, secret)
    for number, secret, account in product(NUMBERS, SECRETS, ("ACaaaa", "ACbbbb", "")):
        if (number, secret, account) not in GENUINE_AT_TWILIO:
            assert to_twilio(served_site, number, secret, account) == 401, (number, secret, account)
    assert not WebhookDelivery.objects.exists()
    assert owner.row_counts() == stranger.row_counts() == NOTHING
    for number, secret in GENUINE:
        assert to_meta(served_site, meta.body(value(number)), secret) == 200
    for number, secret, account in GENUINE_AT_TWILIO:
        assert to_twilio(served_site, number, secret, account) == 200
    assert Message.objects.count() == 4


def test_of_several_numbers_each_needs_its_own_secret(stranger: Business, served_site: Site) -> None:
    body = meta.body(value(A_NUMBER, "for A"), value(B_NUMBER, "for B"), value(UNKNOWN, "for nobody"))
    assert to_meta(served_site, body, A) == 200
    assert [row.content for row in Message.objects.all()] == ["for A"]
    assert WebhookDelivery.objects.get().unrouted == []
    assert stranger.row_counts() == NOTHING


def test_an_unknown_number_is_kept_where_the_list_signed(served_site: Site) -> None:
    for secret in SECRETS:
        wanted = 200 if secret == SERVED_SECRET else 401
        assert to_meta(served_site, meta.body(value(UNKNOWN)), secret) == wanted, secret
    assert WebhookDelivery.objects.get().unrouted == [UNKNOWN]
