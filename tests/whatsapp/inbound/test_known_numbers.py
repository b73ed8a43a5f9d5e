"""Deliveries of an address that has sent many wrong signatures: rightly signed ones are always accepted."""

from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadsite.accounts.snapshots import Snapshot
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.webhook_client import PATH, SECRET, deliver, deliver_form
from whatsapp.channels import connect_channel
from whatsapp.inbound import webhook
from whatsapp.inbound.known_numbers import KnownNumbers
from whatsapp.models import Channel, WebhookDelivery

_numbers = count(1)
OWN = "a secret of this number alone"


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.REFUSALS_PER_MINUTE = 3
    settings.WHATSAPP_APP_SECRETS = [SECRET]
    settings.WHATSAPP_VERIFY_TOKEN = "a token of sixteen or more"
    known: Any = Snapshot(lambda: KnownNumbers(Channel.objects.all_known()), seconds=lambda: 60)
    monkeypatch.setattr(webhook, "known_numbers", known)
    return Client(REMOTE_ADDR=f"2001:db8:aaaa:{next(_numbers):x}::1")


def throttle(provider: Client) -> None:
    statuses = [deliver(provider, b"{}", secret="wrong").status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_wrong_signatures_are_limited_without_a_query(owner: Business, provider: Client) -> None:
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, app_secret=OWN)
    throttle(provider)
    body = meta.body(meta.messages_value(messages=[meta.text("Hello")]))
    assert deliver(provider, body, secret="wrong").status_code == 429
    with CaptureQueriesContext(connection) as queries:
        answers = [deliver(provider, body, secret="wrong") for _ in range(5)]
        answers.append(deliver_form(provider, {"To": "whatsapp:+1", "AccountSid": "AC1"}, secret="wrong"))
        answers.append(deliver(provider, body, x_hub_signature_256=None))
    assert {answer.status_code for answer in answers} == {429}
    assert all(answer["Retry-After"] for answer in answers)
    assert list(queries) == []
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("secret", [SECRET, OWN])
def test_a_rightly_signed_delivery_is_stored(owner: Business, provider: Client, secret: str) -> None:
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, app_secret=OWN if secret == OWN else "")
    throttle(provider)
    body = meta.body(meta.messages_value(messages=[meta.text("Hello")]))
    assert deliver(provider, body, secret=secret).status_code == 200
    assert WebhookDelivery.objects.count() == 1


def test_a_delivery_about_an_account_is_stored(owner: Business, provider: Client) -> None:
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, app_secret=OWN, waba_id="102290129340398")
    throttle(provider)
    body = meta.raw(meta.delivery({"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}))
    assert deliver(provider, body, secret=OWN).status_code == 200


def test_wrong_verify_tokens_are_limited_and_the_right_one_is_not(db: None, provider: Client) -> None:
    def verify(token: str) -> int:
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"}
        return provider.get(PATH, query).status_code

    assert [verify("a guess") for _ in range(4)] == [403, 403, 403, 429]
    assert verify("a token of sixteen or more") == 200
