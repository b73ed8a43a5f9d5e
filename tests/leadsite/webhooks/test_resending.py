"""Events are looked at and sent again: one, the chosen ones, all that have failed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from leadsite.accounts.services import issue_api_key
from leadsite.webhooks import resending
from leadsite.webhooks.models import WebhookEvent
from tests.envelope import refused
from tests.leadsite.webhooks.integrator import Integrator, post
from tests.staff import address, messages_of, staff_of

pytestmark = pytest.mark.django_db


def fail_all() -> None:
    WebhookEvent.objects.update(state="failed", due_at=None, attempts=11, last_status=500, error="It answered 500.")


def has_leads(business, count: int) -> None:
    for n in range(count):
        business.post_lead(customer_phone=f"+49151000000{n:02d}")


def test_an_event_is_read_with_its_body_and_last_attempt(integrator, owner):
    owner.post_lead()
    post()
    event = integrator.row()
    body = owner.client.get(f"{integrator.address}/events/{event.pk}").json()
    assert body["payload"] == integrator.receiver.bodies()[0]
    assert (body["state"], body["last_status"], body["attempts"]) == ("delivered", 204, 1)
    assert body["last_attempt_at"] is not None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=failed", 1),
        ("state=pending", 2),
        ("state=failed&state=pending", 3),
        ("type=lead.updated", 0),
        ("type=webhook.test", 0),
    ],
)
def test_the_list_is_filtered_by_state_and_type(integrator, owner, query, found):
    has_leads(owner, 3)
    WebhookEvent.objects.filter(pk=integrator.rows()[0].pk).update(state="failed", due_at=None)
    assert len(owner.client.get(f"{integrator.address}/events?{query}").json()["results"]) == found


@pytest.mark.parametrize("query", ["state=lost", "status=failed", "created_after=yesterday"])
def test_an_unknown_filter_is_an_error(integrator, owner, query):
    assert owner.client.get(f"{integrator.address}/events?{query}").status_code == 400


def test_a_delivered_event_is_sent_again_with_the_same_id(integrator, owner):
    owner.post_lead()
    post()
    path = f"{integrator.address}/events/{integrator.row().pk}/retry"
    assert owner.client.post(path).status_code == 202
    refused = owner.client.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "event_pending")
    post()
    first, second = integrator.receiver.ids()
    assert first == second


def test_all_failed_events_are_sent_again_or_those_since_a_time(integrator, owner):
    has_leads(owner, 3)
    fail_all()
    old, *_ = integrator.rows()
    WebhookEvent.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    path = f"{integrator.address}/retry-failed"
    since = (timezone.now() - timedelta(days=1)).isoformat()
    assert owner.client.post(path, {"since": since}, format="json").json() == {
        "success": True,
        "queued": 2,
        "more": False,
    }
    assert [row.state for row in integrator.rows()] == ["failed", "pending", "pending"]
    answer = owner.client.post(path)
    assert (answer.status_code, answer.json()["queued"]) == (202, 1)
    assert post() == 3


def test_a_limit_is_answered_with_more(integrator, owner, monkeypatch):
    monkeypatch.setattr(resending, "RESEND_LIMIT", 2)
    has_leads(owner, 3)
    fail_all()
    path = f"{integrator.address}/retry-failed"
    assert owner.client.post(path, {}, format="json").json() == {"success": True, "queued": 2, "more": True}
    assert [row.state for row in integrator.rows()] == ["pending", "pending", "failed"]  # oldest first
    assert owner.client.post(path).json() == {"success": True, "queued": 1, "more": False}


@pytest.mark.parametrize(
    "body",
    [
        {"since": "yesterday"},
        {"sinse": "2026-01-01T00:00:00Z"},
        {"since": None},
        {"since": 20260101},
        {"since": "2026-01-01T00:00:00"},
        {"since": "9999-12-31T23:59:59-12:00"},
    ],
)
def test_an_invalid_time_is_an_error_and_nothing_is_sent(integrator, owner, body):
    owner.post_lead()
    fail_all()
    assert owner.client.post(f"{integrator.address}/retry-failed", body, format="json").status_code == 400
    assert integrator.row().state == "failed"


@pytest.mark.parametrize("body", ["[]", '""', "0", "false", "null"])
def test_a_body_that_is_no_object_is_an_error_and_nothing_is_sent(integrator, owner, body):
    owner.post_lead()
    fail_all()
    answer = owner.client.post(f"{integrator.address}/retry-failed", body, content_type="application/json")
    assert list(refused(answer, 400)["fields"]) == ["body"]
    assert integrator.row().state == "failed"


def test_it_takes_the_write_scope_and_the_own_endpoint_that_is_on(integrator, owner, stranger):
    owner.post_lead()
    fail_all()
    path = f"{integrator.address}/retry-failed"
    reader = APIClient()
    key = issue_api_key(user=owner.user, name="limited", scopes=["read"])
    reader.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert reader.post(path).status_code == 403
    assert stranger.client.post(path).status_code == 404
    owner.client.patch(integrator.address, {"active": False}, format="json")
    refused = owner.client.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_off")
    assert integrator.row().state == "failed"


def test_staff_send_events_again_from_the_page_the_list_and_the_endpoint(integrator, owner, receiver):
    has_leads(owner, 3)
    fail_all()
    staff, first = staff_of(owner), integrator.rows()[0]
    page = staff.get(address("change", first)).content.decode()
    assert "Send again" in page
    assert "customer_phone" in page
    response = staff.client.post(address("resend", first), follow=True)
    assert "queued again" in messages_of(response)[0]
    assert staff.get(address("resend", first)).status_code == 405
    every = {"action": "resend", "select_across": "1", "_selected_action": str(first.pk)}
    staff.client.post(address("changelist", WebhookEvent), every)
    assert {row.state for row in integrator.rows()} == {"pending"}
    fail_all()
    response = staff.act("resend_failed", integrator.endpoint)
    assert "3 events were queued again." in [str(text) for text in messages_of(staff.client.get(response.url))]


def test_another_businesss_event_is_not_sent_again(owner, stranger, receiver):
    theirs = Integrator(owner, receiver)
    owner.post_lead()
    fail_all()
    person = staff_of(stranger)
    person.client.post(address("resend", theirs.row()))
    every = {"action": "resend", "select_across": "1", "_selected_action": str(theirs.row().pk)}
    person.client.post(address("changelist", WebhookEvent), every)
    person.act("resend", theirs.row())
    assert theirs.row().state == "failed"
