"""The OpenAPI schema: complete, as committed, and obeyed by the site; its pages load nothing from other hosts."""

import json
import re
from io import StringIO

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from rest_framework.test import APIClient

from tests.leadsite.rest.generated_requests import OPERATIONS
from tests.leadsite.test_urls import ROUTES

COMMITTED = settings.BASE_DIR / "docs" / "openapi.yaml"


def generated(*options: str) -> str:
    out = StringIO()
    call_command("spectacular", *options, stdout=out)
    return out.getvalue()


def test_the_committed_schema_is_current():
    assert generated("--validate", "--fail-on-warn") == COMMITTED.read_text(encoding="utf-8"), (
        "The API has changed: make schema"
    )


def test_the_served_schema_is_the_committed_one(anonymous: APIClient):
    assert anonymous.get("/api/schema").json() == json.loads(generated("--format", "openapi-json"))


def test_a_client_that_has_the_schema_is_told_so(anonymous: APIClient):
    first = anonymous.get("/api/schema")
    again = anonymous.get("/api/schema", headers={"if-none-match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_route_for_integrators_is_in_it_and_tested():
    described = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))["paths"]
    assert set(described) == {"/api/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in ROUTES}
    operations = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert operations == set(OPERATIONS)


def test_each_answer_that_is_one_lead_has_its_etag():
    described = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))["paths"]
    headers = {
        f"{method.upper()} {path}": "ETag" in answer["headers"]
        for path, methods in described.items()
        for method, operation in methods.items()
        for answer in operation["responses"].values()
        if answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Lead")
    }
    one = "/api/leads/{lead_id}"
    assert headers == {f"GET {one}": True, f"PATCH {one}": True, f"POST {one}/restore": True}


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/redoc", "/api/docs/"])
def test_its_pages_name_no_other_host(anonymous: APIClient, path: str, db: None):
    answer = anonymous.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "/api/schema" in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)


def test_the_schema_is_public(anonymous: APIClient, db: None):
    answer = anonymous.get("/api/schema")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
