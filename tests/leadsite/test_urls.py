"""All routes of the API with two businesses: neither reads or changes the other's rows.

The routes come from the URLconf. A new one that is not in the matrix fails the test.
"""

from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from leadsite.webhooks.services import create_endpoint
from tests.cases import each_case
from tests.factories import ORDER, Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.models import MessageTemplate

# Routes without a business: they take no key, or respond without reading rows.
WITHOUT_BUSINESS = {
    "files/<uuid:media_id>",
    "webhooks/whatsapp",
    "conversation",
    "leads/create-with-conversation",
    "schema",
    "docs",
    "docs/redoc",
}
# The stranger's bodies for routes that write; other methods read or are refused.
BODIES: dict[str, dict[str, Any]] = {
    "leads": {"POST": ORDER},
    "customers": {},
    "customers/<uuid:customer_id>": {},
    "customers/<uuid:customer_id>/export": {},
    "customers/<uuid:customer_id>/history": {},
    "leads/<uuid:lead_id>/history": {},
    "conversations/<uuid:conversation_id>/history": {},
    "leads/batch": {"POST": {"leads": [ORDER]}},
    "leads/<uuid:lead_id>": {"PATCH": {"details": "mine now", "customer_name": "mine now"}},
    "leads/<uuid:lead_id>/restore": {},
    "conversations": {},
    "conversations/<uuid:conversation_id>": {"PATCH": {"status": "archived"}},
    "conversations/<uuid:conversation_id>/messages": {"POST": {"message": "I am not from here"}},
    "messages/<uuid:message_id>": {},
    "labels": {},
    "people": {},
    "templates": {},
    "templates/refresh": {},
    "templates/<uuid:template_id>": {},
    "whatsapp": {"POST": {"to": "+1234567890", "message": "Hello"}},
    "webhook-endpoints": {"POST": {"url": "https://mine.invalid/", "events": ["lead.created"]}},
    "webhook-endpoints/<uuid:endpoint_id>": {"PATCH": {"url": "https://mine.invalid/", "active": False}},
    "webhook-endpoints/<uuid:endpoint_id>/events": {},
    "webhook-endpoints/<uuid:endpoint_id>/events/<uuid:event_id>": {},
    "webhook-endpoints/<uuid:endpoint_id>/events/<uuid:event_id>/retry": {},
    "webhook-endpoints/<uuid:endpoint_id>/retry-failed": {},
    "webhook-endpoints/<uuid:endpoint_id>/rotate-secret": {},
    "webhook-endpoints/<uuid:endpoint_id>/test": {},
}
# What needs a scope that no key has by default.
NOT_BY_DEFAULT = (("customers/<uuid:customer_id>", "DELETE"), ("customers/<uuid:customer_id>/export", "GET"))
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_routes() -> list[str]:
    """Return all paths below api/, except those that only add a slash."""

    def walk(patterns: Any, prefix: str = "") -> list[str]:
        found = []
        for item in patterns:
            if isinstance(item, URLResolver):
                found += walk(item.url_patterns, prefix + str(item.pattern))
            elif isinstance(item, URLPattern):
                found.append(prefix + str(item.pattern))
        return found

    paths = walk(get_resolver().url_patterns)
    return sorted(path.removeprefix("api/") for path in paths if path.startswith("api/") and not path.endswith("/"))


ROUTES = [route for route in api_routes() if route not in WITHOUT_BUSINESS]


def rows_of(business: Business) -> list[Any]:
    """Return all rows of the business."""
    return [
        list(model._base_manager.filter(user=business.user).order_by("pk").values())
        for model in (Customer, Conversation, Lead, Message, WebhookEndpoint, WebhookEvent)
    ]


@pytest.fixture
def theirs(owner: Business) -> dict[str, str]:
    """The ids of the owner's rows, by their names in the routes."""
    endpoint = create_endpoint(user_id=owner.id, url="https://secret.invalid/", events=["lead.created"]).endpoint
    Inbox(owner).gets(meta.text("The owner's secret"))
    WebhookEvent.objects.update(state="failed", due_at=None)
    template = MessageTemplate.objects.create(user=owner.user, name="secret", language="de", status_at=timezone.now())
    return {
        "customer_id": str(Customer.objects.get().pk),
        "lead_id": str(Lead.objects.get().pk),
        "conversation_id": str(Conversation.objects.get().pk),
        "message_id": str(Message.objects.get().pk),
        "endpoint_id": str(endpoint.pk),
        "event_id": str(WebhookEvent.objects.get().pk),
        "template_id": str(template.pk),
    }


@pytest.fixture
def before(owner: Business, theirs: dict[str, str]) -> list[Any]:
    """The owner's rows, which each case finds unchanged."""
    return rows_of(owner)


def test_every_route_is_in_the_matrix():
    assert set(ROUTES) == set(BODIES)


@pytest.mark.django_db
@each_case("method", METHODS)
@each_case("route", ROUTES)
def test_a_stranger_reads_and_changes_nothing(owner, stranger, theirs, before, route, method):
    path = f"/api/{route}"
    for name, value in theirs.items():
        path = path.replace(f"<uuid:{name}>", value)
    body = BODIES[route].get(method, {})
    answer = getattr(stranger.client, method.lower())(path, *([] if method == "GET" else [body]), format="json")
    text = answer.content.decode()
    if (route, method) in NOT_BY_DEFAULT:
        assert answer.status_code == 403, text
    elif "<" in route:
        assert answer.status_code in (404, 405), text
    for words in ("owner's secret", "secret.invalid"):
        assert words not in text
    for value in theirs.values():
        assert value not in text.replace(path, "")
    assert rows_of(owner) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["status=new", "q=secret", "conversation={conversation_id}", "customer_phone=%2B16505551234"]
)
def test_no_filter_finds_another_businesss_leads(owner, stranger, theirs, query):
    assert len(owner.client.get("/api/leads").json()["results"]) == 1
    assert stranger.client.get(f"/api/leads?{query.format(**theirs)}").json()["results"] == []


@pytest.mark.django_db
@each_case("route", ROUTES)
def test_without_a_key_no_route_answers(anonymous, theirs, route):
    path = f"/api/{route}"
    for name, value in theirs.items():
        path = path.replace(f"<uuid:{name}>", value)
    for method in METHODS:
        assert getattr(anonymous, method.lower())(path).status_code == 401
