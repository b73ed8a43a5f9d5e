"""Requests that schemathesis generates from the OpenAPI schema, and checks of the responses."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.factories import Business
from tests.sessions import database_url
from tests.site import Site, serving

OPERATIONS = [
    *("GET /api/customers", "GET /api/customers/{customer_id}", "DELETE /api/customers/{customer_id}"),
    *("GET /api/leads", "POST /api/leads", "POST /api/leads/batch", "GET /api/leads/{lead_id}"),
    *("PATCH /api/leads/{lead_id}", "DELETE /api/leads/{lead_id}", "POST /api/leads/{lead_id}/restore"),
    *("GET /api/conversations", "GET /api/conversations/{conversation_id}"),
    *("PATCH /api/conversations/{conversation_id}", "GET /api/conversations/{conversation_id}/messages"),
    *("POST /api/conversations/{conversation_id}/messages", "GET /api/messages/{message_id}", "POST /api/whatsapp"),
    "GET /api/customers/{customer_id}/export",
    *("GET /api/people", "GET /api/labels"),
    *("GET /api/templates", "GET /api/templates/{template_id}", "POST /api/templates/refresh"),
    *("GET /api/leads/{lead_id}/history", "GET /api/conversations/{conversation_id}/history"),
    "GET /api/customers/{customer_id}/history",
    *("GET /api/webhook-endpoints", "POST /api/webhook-endpoints", "GET /api/webhook-endpoints/{endpoint_id}"),
    *("PATCH /api/webhook-endpoints/{endpoint_id}", "DELETE /api/webhook-endpoints/{endpoint_id}"),
    *("GET /api/webhook-endpoints/{endpoint_id}/events", "POST /api/webhook-endpoints/{endpoint_id}/test"),
    "GET /api/webhook-endpoints/{endpoint_id}/events/{event_id}",
    "POST /api/webhook-endpoints/{endpoint_id}/events/{event_id}/retry",
    "POST /api/webhook-endpoints/{endpoint_id}/retry-failed",
    "POST /api/webhook-endpoints/{endpoint_id}/rotate-secret",
]
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance),
    response_headers_conformance,
]

FRAMING = {"content-length", "transfer-encoding"}


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(database_url(), tmp_path_factory.mktemp("site")) as site:
        yield site


def assert_responses_match_schema(label: str, business: Business, site: Site, *, cases: int) -> None:
    """Send `cases` requests of the operation, valid and invalid ones."""
    api = schemathesis.openapi.from_url(f"{site.address}/api/schema")
    operation: Any = next(found.ok() for found in api.get_all_operations() if found.ok().label == label)  # type: ignore[union-attr] # the schema is valid
    headers = {"Authorization": f"Bearer {business.api_key}"}
    valid, invalid = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @hypothesis.settings(max_examples=cases)
    @hypothesis.given(case=valid | invalid)
    def answered(case: Any) -> None:
        # What is no HTTP the server refuses before the site sees it, without a body.
        hypothesis.assume(not FRAMING & {name.lower() for name in case.headers or ()})
        case.call_and_validate(headers=headers, checks=CHECKS)

    answered()
