"""Requests to the webhook, signed as the providers sign them."""

from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from whatsapp.inbound import ingest
from whatsapp.inbound.authentication import authenticate_meta
from whatsapp.inbound.signature import sign_for_meta, sign_for_twilio
from whatsapp.models import Channel

PATH = "/api/webhooks/whatsapp"
SECRET = "test_app_secret"
OLD_SECRET = "the secret before"
FORM = "application/x-www-form-urlencoded"


def provider_client():
    """A client without redirects and cookies, like a provider's."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def deliver(client, body, *, secret=SECRET, path=PATH, **headers):
    """Post as Meta does. `x_hub_signature_256=None` leaves the header out."""
    headers = {"x_hub_signature_256": sign_for_meta(body, secret)} | headers
    sent = {name: value for name, value in headers.items() if value is not None}
    return client.post(path, body, content_type="application/json", headers=sent)


def deliver_form(client, parameters, *, url=f"http://testserver{PATH}", path=PATH, secret=SECRET, **headers):
    """Post as Twilio does, with the signature for this URL."""
    headers = {"x_twilio_signature": sign_for_twilio(url, list(parameters.items()), secret)} | headers
    return client.post(path, urlencode(parameters), content_type=FORM, headers=headers)


def receive(body):
    """Store a delivery that one of the list's secrets has signed, in this process."""
    header = sign_for_meta(body, settings.WHATSAPP_APP_SECRETS[0])
    ingest.receive(body=body, signature=authenticate_meta(body, header, Channel.objects))


def assert_refused(answer, status, code):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert body == {"success": False, "error": body["error"], "code": code, "fields": {}}
    assert body["error"]
