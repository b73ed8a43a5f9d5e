"""Endpoints and events in the admin: staff manage their business's endpoints, and see why an event failed."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator, post
from tests.leadsite.webhooks.receiver import Receiver
from tests.staff import Staff, address, errors_of, operator, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business, receiver: Receiver) -> Staff:
    return staff_of(owner)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_an_endpoint_is_added_and_its_secret_shown_once(staff, owner, receiver):
    events = ["lead.created", "message.received"]
    response = staff.fill(address("add", WebhookEndpoint), url=f"{receiver.address}/hook", events=events)
    assert response.status_code == 302, errors_of(response)
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.user_id, endpoint.events, endpoint.active) == (owner.id, events, True)
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", " ".join(said(response)))
    owner.post_lead()
    post()
    assert len(receiver.events(secret)) == 1
    assert secret in staff.get(response.url).content.decode()
    page = staff.get(address("change", endpoint)).content.decode()
    assert secret not in page
    assert endpoint.encrypted_secret not in page


def test_a_private_address_and_no_event_types_are_errors_of_their_fields(staff, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    errors = errors_of(staff.fill(address("add", WebhookEndpoint), url="https://10.0.0.1/", events=[]))
    assert sorted(errors) == ["events", "url"]
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_is_changed_switched_off_and_on_again(staff, integrator):
    page = address("change", integrator.endpoint)
    assert staff.fill(page, events=["lead.created"], active=None).status_code == 302
    assert (integrator.endpoint.events, integrator.endpoint.active) == (["lead.created"], False)
    WebhookEndpoint.objects.update(disabled_at=timezone.now(), disabled_reason="It answered 410 Gone.")
    assert "It answered 410 Gone." in staff.get(page).content.decode()
    assert staff.fill(page, active="on").status_code == 302
    assert (integrator.endpoint.active, integrator.endpoint.disabled_at) == (True, None)


def test_a_disabled_endpoint_is_on_the_dashboard_of_its_business(staff, integrator, stranger):
    WebhookEndpoint.objects.update(active=False, disabled_at=timezone.now(), disabled_reason="It answered 410 Gone.")
    home = reverse("overview")
    for person in (staff, operator()):
        page = person.get(home).content.decode()
        assert "It answered 410 Gone." in page
        assert address("change", integrator.endpoint) in page
    assert "410" not in staff_of(stranger).get(home).content.decode()


def test_its_events_are_listed_with_their_errors_and_can_be_sent_again(staff, integrator, owner):
    integrator.receiver.queue_answers(500)
    owner.post_lead()
    WebhookEvent.objects.update(attempts=10)
    post()
    listed = staff.list(WebhookEvent, endpoint__id__exact=str(integrator.id))
    assert "It answered 500." in listed
    assert integrator.row().state == "failed"
    page = staff.get(address("change", integrator.row())).content.decode()
    assert "lead.created" in page
    assert staff.act("resend", integrator.row()).status_code == 302
    assert post() == 1
    assert integrator.row().state == "delivered"


def test_it_has_actions_for_a_test_event_and_a_new_secret(staff, integrator):
    assert staff.act("send_test", integrator.endpoint).status_code == 302
    response = staff.act("rotate_secret", integrator.endpoint)
    (new,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", " ".join(said(response)))
    assert integrator.endpoint.former_until[-1] > timezone.now() + timedelta(hours=23)
    post()
    assert [event["type"] for event in integrator.receiver.events(new)] == ["webhook.test"]


def test_an_endpoint_is_deleted_with_its_events(staff, integrator, owner):
    owner.post_lead()
    assert staff.client.post(address("delete", integrator.endpoint), {"post": "yes"}).status_code == 302
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookEvent.objects.exists()


def test_another_businesss_endpoints_and_events_are_not_shown(stranger, receiver, owner):
    theirs = Integrator(owner, receiver)
    owner.post_lead()
    person = staff_of(stranger)
    assert person.found(WebhookEndpoint) == person.found(WebhookEvent) == set()
    for row in (theirs.endpoint, theirs.row()):
        assert person.get(address("change", row)).status_code == 302
    person.act("send_test", theirs.endpoint)
    person.client.post(address("delete", theirs.endpoint), {"post": "yes"})
    assert theirs.types() == ["lead.created"]
    assert theirs.endpoint.active
