"""What is posted to an endpoint is what the section `webhooks` says."""

import json

import pytest

from conversations.models import Message
from leads.models import Lead
from leadsite.webhooks.models import TEST, WebhookEndpoint
from tests.leadsite.description.document import document, problems
from tests.leadsite.webhooks.conftest import integrator, receiver
from tests.leadsite.webhooks.integrator import Integrator, post

__all__ = ["integrator", "receiver"]


def test_every_event_is_described():
    assert document()["webhooks"].keys() == {*WebhookEndpoint.Event.values, TEST}


@pytest.mark.django_db
def test_what_is_posted_matches_the_description(integrator: Integrator, owner):
    created = owner.post_lead().json()
    owner.client.patch(f"/api/leads/{created['lead_id']}", {"status": "contacted"}, format="json")
    owner.client.delete(f"/api/leads/{created['lead_id']}")
    owner.client.post(f"/api/leads/{created['lead_id']}/restore")
    owner.client.post(f"{integrator.address}/test")
    queued = owner.client.post(
        f"/api/conversations/{created['conversation_id']}/messages", {"message": "On Saturday"}, format="json"
    ).json()
    message = Message.objects.get(pk=queued["message_id"])
    Message.objects.filter(pk=message.pk).update(status="sent")
    lead = Lead.objects.get(pk=created["lead_id"])
    Message.objects.create(
        user_id=lead.user_id, conversation_id=lead.conversation_id, direction="in", kind="image", status="received"
    )
    post()
    sent = integrator.receiver.requests
    bodies = [json.loads(one["body"]) for one in sent]
    assert {one["type"] for one in bodies} == document()["webhooks"].keys()
    for request, body in zip(sent, bodies, strict=True):
        described = document()["webhooks"][body["type"]]["post"]
        assert problems(body, described["requestBody"]["content"]["application/json"]["schema"]) == []
        for header in described["parameters"]:
            assert problems(request["headers"][header["name"]], header["schema"]) == []
