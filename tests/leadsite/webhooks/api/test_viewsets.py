"""Endpoints in the REST API: create, read, change, delete; the secret is shown only at creation and rotation."""

import base64
from uuid import uuid4

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from leadsite.accounts.services import issue_api_key
from leadsite.backups import keys
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from leadsite.webhooks.services import MAX_ENDPOINTS
from tests.leadsite.webhooks.integrator import ALL, Integrator, post

pytestmark = pytest.mark.django_db

PATH = "/api/webhook-endpoints"
BODY = {"url": "https://hooks.invalid/leads", "events": ["lead.created"]}


def create(client, **fields):
    return client.post(PATH, BODY | fields, format="json")


def test_creation_returns_the_secret(owner):
    answer = create(owner.client, description="Our ERP")
    made = answer.json()
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    assert made | BODY | {"description": "Our ERP", "active": True, "disabled_reason": ""} == made
    assert (made["disabled_at"], made["failing_since"]) == (None, None)
    assert made["secret"].startswith("whsec_")
    assert 24 <= len(base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)) <= 64
    assert made["secret"] not in WebhookEndpoint.objects.get().encrypted_secret


def test_reading_does_not_return_the_secret(owner):
    made = create(owner.client).json()
    (listed,) = owner.client.get(PATH).json()["results"]
    shown = owner.client.get(f"{PATH}/{made['id']}").json()
    assert listed == shown == {name: value for name, value in made.items() if name != "secret"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"events": []}, "events"),
        ({"events": ["lead.lost"]}, "events"),
        ({"events": "lead.created"}, "events"),
        ({"events": ["lead.created"] * 7}, "events"),
        ({"url": "http://hooks.invalid/"}, "url"),
        ({"url": 5}, "url"),
        ({"url": "https://hooks.invalid/\u0000"}, "url"),
        ({"description": "x" * 201}, "description"),
    ],
)
def test_an_invalid_value_is_an_error_of_its_field(owner, fields, wrong):
    answer = create(owner.client, **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [wrong]
    assert not WebhookEndpoint.objects.exists()


def test_a_change_keeps_the_other_fields(owner):
    path = f"{PATH}/{create(owner.client, description='Our ERP').json()['id']}"
    changed = owner.client.patch(path, {"events": ["message.status", "lead.updated"], "active": False}, format="json")
    assert changed.status_code == 200
    assert (changed.json()["events"], changed.json()["active"]) == (["lead.updated", "message.status"], False)
    assert (changed.json()["url"], changed.json()["description"]) == (BODY["url"], "Our ERP")
    assert owner.client.patch(path, {"active": "yes"}, format="json").json()["fields"] == {
        "active": ["Must be true or false."]
    }


def test_it_is_deleted_with_its_events(integrator, owner):
    owner.post_lead()
    assert owner.client.delete(integrator.address).status_code == 204
    assert owner.client.get(integrator.address).status_code == 404
    assert owner.client.delete(integrator.address).status_code == 404
    assert not WebhookEvent.objects.exists()


def test_a_business_has_a_maximum_of_endpoints(owner, stranger):
    for _ in range(MAX_ENDPOINTS):
        assert create(owner.client).status_code == 201
    refused = create(owner.client)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_endpoints")
    assert create(stranger.client).status_code == 201


def test_without_an_encryption_key_no_endpoint_is_created(owner, settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    refused = create(owner.client)
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_keep_secrets")


def test_its_events_are_listed_with_their_outcomes(integrator, owner):
    integrator.receiver.queue_answers(500)
    owner.post_lead()
    post()
    owner.post_lead(customer_phone="+4915100000001")
    newest, older = owner.client.get(f"{integrator.address}/events").json()["results"]
    assert (newest["state"], newest["attempts"], newest["last_status"]) == ("pending", 0, None)
    assert (older["type"], older["attempts"], older["last_status"]) == ("lead.created", 1, 500)
    assert (older["error"], older["delivered_at"]) == ("It answered 500.", None)
    assert "payload" not in older


def test_a_test_event_is_posted_whatever_event_types_the_endpoint_has(owner, receiver):
    one, other = (Integrator(owner, receiver, path, ["lead.created"]) for path in ("/one", "/other"))
    answer = owner.client.post(f"{one.address}/test")
    assert answer.status_code == 202
    post()
    (event,) = one.received()
    assert (event["type"], event["data"]) == ("webhook.test", {"endpoint_id": str(one.id)})
    assert receiver.ids() == [answer.json()["event_id"]]
    assert other.types() == []


def test_a_response_with_the_url_needs_the_read_scope_too(integrator, owner):
    client = APIClient()
    key = issue_api_key(user=owner.user, name="limited", scopes=["write"])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    refused = create(client)
    assert (refused.status_code, refused.json()["error"]) == (403, "This API key lacks the scope read.")
    assert client.patch(integrator.address, {"events": ["lead.created"]}, format="json").status_code == 403
    assert client.post(f"{integrator.address}/rotate-secret").status_code == 403


@pytest.mark.parametrize("scopes", [["read"], ["send"]])
def test_a_change_needs_the_write_scope(integrator, owner, scopes):
    client = APIClient()
    key = issue_api_key(user=owner.user, name="limited", scopes=scopes)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert client.get(integrator.address).status_code == (200 if scopes == ["read"] else 403)
    for answer in (
        create(client),
        client.patch(integrator.address, {"active": False}, format="json"),
        client.delete(integrator.address),
        client.post(f"{integrator.address}/test"),
        client.post(f"{integrator.address}/rotate-secret"),
    ):
        assert answer.status_code == 403
    assert integrator.endpoint.active


def test_an_event_of_another_endpoint_is_not_sent_again(owner, receiver):
    one, other = (Integrator(owner, receiver, path, ALL) for path in ("/one", "/other"))
    owner.post_lead()
    WebhookEvent.objects.update(state="failed", due_at=None)
    assert owner.client.post(f"{one.address}/events/{other.row().pk}/retry").status_code == 404
    assert owner.client.post(f"{one.address}/events/{uuid4()}/retry").status_code == 404


def test_secrets_are_encrypted_again_with_a_new_key(integrator, owner, settings, capsys):
    for _ in range(2):
        owner.client.post(f"{integrator.address}/rotate-secret")
    settings.FIELD_ENCRYPTION_KEYS = ["a new key of at least 16 characters", *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_tokens")
    assert keys.count_secrets() == {keys.fingerprint("a new key of at least 16 characters"): 3}
    assert "and the secrets of 1 endpoint encrypted" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    owner.post_lead()
    post()
    assert len(integrator.received()) == 1
