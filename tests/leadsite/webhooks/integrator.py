"""An integrator: a business's endpoint and its events."""

from typing import Any
from uuid import UUID

from django.conf import settings as site

from leadsite.webhooks.courier import Courier
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.factories import Business
from tests.leadsite.webhooks.receiver import Receiver


def worker_environment() -> dict[str, str]:
    """The environment of a worker that may post to this machine, with the keys of this process."""
    return {"WEBHOOKS_ALLOW_PRIVATE": "true", "FIELD_ENCRYPTION_KEYS": ",".join(site.FIELD_ENCRYPTION_KEYS)}


def delivered(count: int) -> bool:
    return WebhookEvent.objects.filter(state="delivered").count() >= count


ALL = list(WebhookEndpoint.Event.values)


class Integrator:
    """Creates an endpoint through the API, as an integrator's program does."""

    def __init__(self, business: Business, receiver: Receiver, path: str = "/hook", events: list[str] = ALL) -> None:
        self.business = business
        self.receiver = receiver
        self.path = path
        body = {"url": receiver.address + path, "events": events}
        answer = business.client.post("/api/webhook-endpoints", body, format="json")
        assert answer.status_code == 201, answer.content
        self.id = UUID(answer.json()["id"])
        self.secret: str = answer.json()["secret"]

    @property
    def endpoint(self) -> WebhookEndpoint:
        return WebhookEndpoint.objects.get(pk=self.id)

    @property
    def address(self) -> str:
        return f"/api/webhook-endpoints/{self.id}"

    def rows(self) -> list[WebhookEvent]:
        """Its events in the order of their creation."""
        return list(WebhookEvent.objects.filter(endpoint_id=self.id).order_by("pk"))

    def types(self) -> list[str]:
        return [row.type for row in self.rows()]

    def row(self) -> WebhookEvent:
        (row,) = self.rows()
        return row

    def received(self) -> list[dict[str, Any]]:
        return self.receiver.events(self.secret, self.path)


def post() -> int:
    """Post all due events, as a worker does. Returns how many were attempted."""
    return Courier().drain()


def post_again() -> int:
    """As `post`, after all pauses."""
    WebhookEvent.objects.filter(state="pending").update(due_at="2026-01-01T00:00:00Z", leased_until=None)
    return post()
