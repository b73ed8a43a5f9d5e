"""The signature of an event by Standard Webhooks."""

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import WebhookVerificationError

from leadsite.webhooks.models import WebhookEndpoint
from leadsite.webhooks.signing import signed_headers
from tests.leadsite.webhooks.integrator import Integrator, post

pytestmark = pytest.mark.django_db


class TestASignature:
    def test_it_follows_standard_webhooks(self, integrator, owner):
        owner.post_lead()
        assert post() == 1
        (event,) = integrator.received()
        row = integrator.row()
        assert event == row.payload
        (request,) = integrator.receiver.requests
        assert request["headers"]["webhook-id"] == str(row.pk)
        assert request["headers"]["content-type"] == "application/json"
        assert (row.state, row.attempts, row.last_status, row.error) == ("delivered", 1, 204, "")
        assert row.delivered_at is not None

    def test_another_secret_does_not_verify(self, integrator, stranger, owner):
        other = Integrator(stranger, integrator.receiver, "/other")
        owner.post_lead()
        post()
        with pytest.raises(WebhookVerificationError):
            integrator.receiver.events(other.secret)

    def test_it_is_that_of_the_specifications_example(self):
        secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
        headers = signed_headers(event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330, body=body, secrets=[secret])
        assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_after_a_rotation_both_secrets_sign_for_a_day(self, integrator, owner):
        answer = owner.client.post(f"{integrator.address}/rotate-secret")
        new = answer.json()["secret"]
        assert new != integrator.secret
        owner.post_lead()
        post()
        assert len(integrator.receiver.events(new)) == len(integrator.receiver.events(integrator.secret)) == 1
        WebhookEndpoint.objects.update(former_until=[timezone.now() - timedelta(seconds=1)])
        integrator.receiver.requests.clear()
        owner.post_lead()
        post()
        assert len(integrator.receiver.events(new)) == 1
        with pytest.raises(WebhookVerificationError):
            integrator.received()

    def test_a_second_rotation_leaves_the_first_secret_its_day(self, integrator, owner):
        """Somebody pressed the button twice, and only the first secret is deployed."""
        secrets = [owner.client.post(f"{integrator.address}/rotate-secret").json()["secret"] for _ in range(2)]
        owner.post_lead()
        post()
        for secret in (integrator.secret, *secrets):
            assert len(integrator.receiver.events(secret)) == 1
