"""Posting events: retries for a day, and what happens to an endpoint that does not respond."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from leadsite.accounts.models import User
from leadsite.webhooks import http, queue
from leadsite.webhooks.courier import THREADS, Courier
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.leadsite.webhooks.integrator import post, post_again

pytestmark = pytest.mark.django_db


class TestAFailure:
    @pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
    def test_it_is_retried_with_the_same_id_until_it_is_accepted(self, integrator, owner, status):
        integrator.receiver.queue_answers(status, Location=f"{integrator.receiver.address}/elsewhere")
        owner.post_lead()
        assert post() == 1
        row = integrator.row()
        assert (row.state, row.last_status, row.error) == ("pending", status, f"It answered {status}.")
        assert integrator.endpoint.failing_since is not None
        assert post() == 0
        assert post_again() == 1
        assert integrator.row().state == "delivered"
        assert integrator.endpoint.failing_since is None
        assert integrator.receiver.ids() == [str(row.pk)] * 2
        assert {request["path"] for request in integrator.receiver.requests} == {"/hook"}

    def test_pauses_grow_and_after_a_day_the_event_has_failed(self, integrator, owner):
        integrator.receiver.queue_answers(*[500] * 20)
        owner.post_lead()
        pauses = []
        while post_again():
            row = integrator.row()
            if row.state == "pending":
                pauses.append((row.due_at - timezone.now()).total_seconds())
        assert len(pauses) == len(queue.RETRY_DELAYS)
        for pause, planned in zip(pauses, queue.RETRY_DELAYS, strict=True):
            assert planned * 0.8 - 5 < pause < planned * 1.2 + 5
        assert 23 < sum(queue.RETRY_DELAYS) / 3600 < 24
        assert (integrator.row().state, integrator.row().attempts) == ("failed", 11)
        assert integrator.endpoint.active

    @pytest.mark.parametrize(("asked", "least", "most"), [("600", 590, 610), ("999999", 3590, 3610), ("soon", 0, 10)])
    def test_retry_after_is_respected_within_limits(self, integrator, owner, asked, least, most):
        integrator.receiver.queue_answers(503, Retry_After=asked)
        owner.post_lead()
        post()
        assert least < (integrator.row().due_at - timezone.now()).total_seconds() < most

    def test_a_refused_connection_is_a_failure_with_a_reason(self, integrator, owner):
        WebhookEndpoint.objects.update(url="http://127.0.0.1:9/hook")
        owner.post_lead()
        post()
        assert integrator.row().error == "The connection was refused."

    def test_a_missing_response_is_a_failure_after_the_time_out(self, integrator, owner, monkeypatch):
        monkeypatch.setattr(http, "TOTAL_SECONDS", 0.3)
        integrator.receiver.gate.clear()
        owner.post_lead()
        began = time.monotonic()
        post()
        assert time.monotonic() - began < 9  # of the 10 s that it has without this setting
        assert integrator.row().error.startswith("No answer")

    def test_a_secret_with_a_lost_key_is_a_failure_with_a_reason(self, integrator, owner, settings):
        settings.FIELD_ENCRYPTION_KEYS = ["another key of at least 16 characters"]
        owner.post_lead()
        post()
        assert "FIELD_ENCRYPTION_KEYS" in integrator.row().error
        assert integrator.receiver.requests == []

    def test_the_log_has_no_secret_and_no_path(self, integrator, owner, caplog):
        WebhookEndpoint.objects.update(url=f"{integrator.receiver.address}/path-token?key=token")
        integrator.receiver.queue_answers(500)
        owner.post_lead()
        post()
        assert integrator.secret not in caplog.text
        assert "token" not in caplog.text
        assert "webhook_not_delivered" in caplog.text


class TestAnEndpointThatFails:
    def fail_an_attempt(self, integrator, *, failing_for: timedelta) -> None:
        WebhookEndpoint.objects.update(failing_since=timezone.now() - failing_for)
        WebhookEvent.objects.update(attempts=len(queue.RETRY_DELAYS), due_at=timezone.now())
        integrator.receiver.queue_answers(500)
        assert post() == 1
        assert integrator.row().state == "failed"

    def test_after_five_days_it_is_disabled_and_logged(self, integrator, owner, caplog):
        owner.post_lead()
        self.fail_an_attempt(integrator, failing_for=timedelta(days=5, minutes=1))
        shown = owner.client.get(integrator.address).json()
        assert shown["active"] is False
        assert shown["disabled_at"] is not None
        assert shown["disabled_reason"] == "No event was delivered for 5 days. The last attempt: It answered 500."
        assert "webhook_endpoint_disabled" in caplog.text
        owner.post_lead(customer_phone="+4915100000001")
        assert len(integrator.rows()) == 1

    def test_after_four_days_it_is_not_disabled(self, integrator, owner):
        owner.post_lead()
        self.fail_an_attempt(integrator, failing_for=timedelta(days=4, hours=23))
        assert integrator.endpoint.active

    def test_the_first_failure_after_days_without_events_does_not_disable_it(self, integrator, owner):
        WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=9))
        owner.post_lead()
        integrator.receiver.queue_answers(500)
        post()
        assert integrator.endpoint.active

    def test_410_disables_it_at_once(self, integrator, owner):
        integrator.receiver.queue_answers(410)
        owner.post_lead()
        post()
        assert integrator.row().state == "failed"
        assert integrator.endpoint.disabled_reason == "It answered 410 Gone."

    def test_a_response_from_the_former_url_does_not_affect_the_endpoint(self, integrator, owner):
        owner.post_lead()
        (claimed,) = queue.claim(1, failing=False)
        new = integrator.receiver.address + "/new"
        assert owner.client.patch(integrator.address, {"url": new}, format="json").status_code == 200
        queue.record([(claimed, queue.Outcome(410, queue.GONE))])
        assert (integrator.endpoint.active, integrator.endpoint.failing_since) == (True, None)
        assert integrator.row().state == "pending"

    def test_a_locked_business_gets_no_events(self, integrator, owner):
        owner.post_lead()
        User.objects.update(is_active=False)
        assert post() == 0
        User.objects.update(is_active=True)
        assert post() == 1

    def test_while_disabled_it_gets_no_test_event_and_no_repeated_event(self, integrator, owner):
        owner.post_lead()
        WebhookEvent.objects.update(state="failed", due_at=None)
        owner.client.patch(integrator.address, {"active": False}, format="json")
        for path in ("/test", f"/events/{integrator.row().pk}/retry"):
            answer = owner.client.post(integrator.address + path)
            assert (answer.status_code, answer.json()["code"]) == (409, "endpoint_off")
        assert len(integrator.rows()) == 1

    def test_enabled_again_it_gets_waiting_events_and_failed_ones_on_request(self, integrator, owner):
        integrator.receiver.queue_answers(410)
        owner.post_lead()
        owner.post_lead(customer_phone="+4915100000001")
        WebhookEndpoint.objects.update(failing_since=timezone.now())  # one at a time
        post()
        assert sorted(row.state for row in integrator.rows()) == ["failed", "pending"]
        changed = owner.client.patch(integrator.address, {"active": True}, format="json").json()
        assert (changed["active"], changed["disabled_at"], changed["disabled_reason"]) == (True, None, "")
        assert post() == 1
        failed = next(row for row in integrator.rows() if row.state == "failed")
        answer = owner.client.post(f"{integrator.address}/events/{failed.pk}/retry")
        assert (answer.status_code, answer.json()) == (202, {"success": True, "event_id": str(failed.pk)})
        assert post() == 1
        assert {row.state for row in integrator.rows()} == {"delivered"}


def test_events_that_were_claimed_are_posted_when_the_next_claim_fails(integrator, owner, monkeypatch):
    claim = queue.claim

    def claim_or_fail(limit: int, *, failing: bool, **options: Any) -> list[queue.Delivery]:
        if failing:
            raise OperationalError("canceling statement due to lock timeout")
        return claim(limit, failing=failing, **options)

    monkeypatch.setattr(queue, "claim", claim_or_fail)
    owner.post_lead()
    claimed = Courier().claim(THREADS)
    assert [delivery.id for delivery in claimed] == [integrator.row().pk]
    with pytest.raises(OperationalError):
        Courier().claim(THREADS)
