"""Unknown, repeated and empty query parameters, and unknown fields of bodies: in every endpoint that there is."""

import json
import re
from functools import cache
from typing import Any, cast

import pytest
from drf_spectacular.generators import SchemaGenerator

from leadsite.accounts.models import ApiKey
from leadsite.rest.known_names import nearest_name, unknown_names
from leadsite.urls import router
from tests.cases import each_case
from tests.envelope import refused
from tests.factories import ORDER, Business

AN_ID = "01a20f00-5c1e-7d43-9a51-0c2f6f3b8f1e"
# Every operation of the API, from the URLconf: a new one is tested without being named here.
OPERATIONS = sorted(
    (method, re.sub(r"<uuid:\w+>", AN_ID, f"/api/{route.pattern}"), action)
    for route in router.urls
    for method, action in cast(Any, route.callback).actions.items()
    if method != "head"
)
LISTS = [path for _, path, action in OPERATIONS if action == "list"]


def named(operation: Any) -> str:
    return " ".join(operation).replace(AN_ID, "id")


@cache
def schema() -> Any:
    """The OpenAPI document, which takes 0.1 s."""
    return SchemaGenerator().get_schema(request=None, public=True)


def parameters_of(path: str) -> set[str]:
    """The query parameters of GET `path` in the OpenAPI document."""
    described = schema()["paths"]
    pattern = re.compile(path.replace(AN_ID, r"{\w+}"))
    found = next(methods["get"] for known, methods in described.items() if pattern.fullmatch(known))
    return {one["name"] for one in found["parameters"] if one["in"] == "query"}


@pytest.fixture
def owner(owner: Business) -> Business:
    """Whose key may do everything."""
    ApiKey.objects.filter(user=owner.id).update(scopes=ApiKey.Scope.values)
    return owner


@each_case("operation", OPERATIONS)
def test_an_unknown_parameter_is_refused_in_every_endpoint(owner, operation):
    method, path, action = operation
    answer = getattr(owner.client, method)(f"{path}?stage=lost", {} if method != "get" else None, format="json")
    problems = refused(answer, 400)["fields"]
    assert list(problems) == ["stage"]
    assert problems["stage"][0].startswith("There is no parameter stage")
    if action != "list" and (method, path) != ("delete", f"/api/customers/{AN_ID}"):
        assert problems["stage"] == ["There is no parameter stage: this request takes no parameters."]


@each_case("operation", OPERATIONS)
def test_an_unknown_field_is_refused_in_every_endpoint(owner, operation):
    method, path, _ = operation
    answer = owner.client.generic(method.upper(), path, '{"state": "lost"}', content_type="application/json")
    problems = refused(answer, 400)["fields"]
    assert problems["state"][0].startswith("There is no field state")


def test_an_unknown_field_of_a_row_of_a_batch_is_refused(owner):
    rows = [ORDER, ORDER | {"externalId": "1"}]
    body = refused(owner.client.post("/api/leads/batch", {"leads": rows}, format="json"), 400)
    assert body["fields"] == {"leads[1].externalId": ["There is no field externalId. Did you mean external_id?"]}
    answer = owner.client.post("/api/leads/batch", {"leads": rows, "all_or_nothing": False}, format="json")
    assert (answer.status_code, answer.json()["created"], answer.json()["failed"]) == (207, 1, 1)
    assert answer.json()["results"][1]["fields"] == {
        "externalId": ["There is no field externalId. Did you mean external_id?"]
    }


def test_unknown_and_invalid_fields_are_reported_together(owner):
    body = refused(owner.post_lead({"customerPhone": "+4915123456789", "customer_name": "A", "type": "cake"}), 400)
    assert set(body["fields"]) == {"customerPhone", "customer_phone", "type"}
    assert owner.row_counts() == (0, 0, 0)


@each_case(
    ("method", "path", "body", "sentence"),
    [
        ("get", "/api/leads?state=lost", None, "There is no parameter state. Did you mean status?"),
        ("get", "/api/leads?search=cake", None, "There is no parameter search. Did you mean q?"),
        ("get", "/api/leads?limit=10", None, "There is no parameter limit. Did you mean page_size?"),
        ("get", "/api/leads?externalId=1", None, "There is no parameter externalId. Did you mean external_id?"),
        ("get", "/api/conversations?state=active", None, "There is no parameter state. Did you mean status?"),
        ("post", "/api/leads", {"name": "A"}, "There is no field name. Did you mean customer_name?"),
        ("post", "/api/leads", {"phone": "A"}, "There is no field phone. Did you mean customer_phone?"),
        ("post", "/api/whatsapp", {"create_lead": True}, "There is no field create_lead. Did you mean createLead?"),
        ("post", "/api/whatsapp", {"phone": "1"}, "There is no field phone. Did you mean to?"),
        ("post", "/api/whatsapp", {"text": "1"}, "There is no field text. Did you mean message?"),
        ("post", "/api/webhook-endpoints", {"event": []}, "There is no field event. Did you mean events?"),
        ("patch", f"/api/leads/{AN_ID}", {"state": "lost"}, "There is no field state. Did you mean status?"),
    ],
)
def test_the_nearest_name_is_named(owner, method, path, body, sentence):
    problems = refused(getattr(owner.client, method)(path, body, format="json"), 400)["fields"]
    assert [sentence] in problems.values()


def test_unknown_fields_of_a_template_are_refused(owner):
    template = {"name": "hello", "language": {"code": "de", "polizy": "x"}, "components": []}
    answer = owner.client.post("/api/whatsapp", {"to": "+4915123456789", "template": template}, format="json")
    assert refused(answer, 400)["fields"] == {"template": ["There is no field polizy. Did you mean policy?"]}


@pytest.mark.parametrize("path", LISTS)
def test_each_parameter_of_the_schema_is_known_and_none_else(owner, path):
    described = parameters_of(path)
    assert {"cursor", "page_size", "ordering"} <= described
    answer = owner.client.get(path, dict.fromkeys(described, ""))
    problem = ["The value is empty. Give one, or leave the parameter out."]
    assert refused(answer, 400)["fields"] == dict.fromkeys(described, problem)
    unknown = refused(owner.client.get(path, {"qwerty": "1"}), 400)["fields"]["qwerty"][0]
    assert unknown == f"There is no parameter qwerty. There are {', '.join(sorted(described))}."


@pytest.mark.parametrize("path", LISTS)
def test_only_choices_can_be_given_several_times(owner, path):
    described = parameters_of(path)
    several = described & {"state", "status", "type", "source"}
    for name in described - several:
        problems = refused(owner.client.get(f"{path}?{name}=new&{name}=new"), 400)["fields"]
        assert problems == {name: ["Give this parameter once only."]}


def test_bodies_are_closed_in_the_schema():
    for path, methods in schema()["paths"].items():
        for operation in methods.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body:
                name = body["schema"]["$ref"].rpartition("/")[2]
                assert schema()["components"]["schemas"][name]["additionalProperties"] is False, path


def test_a_field_that_is_given_twice_is_refused(owner):
    """Of two values, neither is taken."""
    for body, name in (
        ('{"customer_phone": "+4915123456789", "customer_name": "A", "type": "order", "type": "booking"}', "type"),
        ('{"leads": [{"type": "order", "type": "order"}]}', "type"),
    ):
        path = "/api/leads/batch" if "leads" in body else "/api/leads"
        answer = owner.client.generic("POST", path, body, content_type="application/json")
        assert name in refused(answer, 400)["error"]
        assert "twice" in answer.json()["error"]
    assert owner.row_counts() == (0, 0, 0)


def test_an_invalid_value_of_a_list_is_named(owner):
    body = {"url": "https://example.com/a", "events": ["lead.created", "lead.create"]}
    problems = refused(owner.client.post("/api/webhook-endpoints", body, format="json"), 400)["fields"]
    ((field, (problem,)),) = problems.items()
    assert field == "events"
    assert problem.startswith("item 2: Must be one of lead.created, ")


def test_an_invalid_choice_of_a_filter_lists_the_choices(owner):
    problems = refused(owner.client.get("/api/leads", {"status": "Lost"}), 400)["fields"]
    assert problems == {"status": ["Must be one of new, contacted, qualified, converted, lost."]}


def test_an_empty_body_is_no_body(owner):
    lead = owner.has_lead()
    for body in (b"", b"{}", b"null"):
        answer = owner.client.generic("GET", f"/api/leads/{lead.lead_id}", body, content_type="application/json")
        assert answer.status_code == 200, body
    answer = owner.client.generic("GET", f"/api/leads/{lead.lead_id}", b"[1]", content_type="application/json")
    assert refused(answer, 400)["fields"] == {"body": ["This request takes no body."]}


def test_a_wrong_key_or_method_is_reported_first(owner, anonymous):
    assert refused(anonymous.get("/api/leads?state=lost"), 401)["code"] == "not_authenticated"
    refused(owner.client.put("/api/leads?state=lost", {}, format="json"), 405)
    refused(owner.client.options("/api/leads?state=lost"), 405)


def test_names_are_bounded_and_can_be_sent_back(owner):
    names = ["\ud800", "a\0b", "x" * 5000, "", "__proto__", *(f"name_{n}" for n in range(10_000))]
    body = json.dumps(ORDER | dict.fromkeys(names, 1))
    answer = owner.client.generic("POST", "/api/leads", body, content_type="application/json")
    problems = refused(answer, 400)["fields"]
    assert len(problems) == 10
    assert max(map(len, problems)) == 60
    body = json.dumps({"leads": [ORDER | {"\ud800": 1}], "all_or_nothing": False})
    answer = owner.client.generic("POST", "/api/leads/batch", body, content_type="application/json")
    assert answer.status_code == 207


@each_case(
    ("name", "known", "near"),
    [
        ("customerName", ("customer_phone", "customer_name"), "customer_name"),
        ("STATUS", ("status", "type"), "status"),
        ("lead-type", ("status", "type"), "type"),
        ("updatedAfter", ("created_after", "updated_after"), "updated_after"),
        ("customer_phone", ("customer_name", "details"), None),
        ("email", ("details", "status"), None),
        ("conversation_id", ("version", "status"), None),
        ("updated_since", ("created_after", "updated_after", "updated_before"), "updated_after"),
        ("createdUntil", ("created_after", "created_before"), "created_before"),
        ("created_at", ("created_after", "created_before"), "created_after"),
        ("conversation_status", ("customer_name", "status"), "status"),
        ("detials", ("details", "status"), "details"),
        ("query", ("q", "status"), "q"),
        ("query", ("status", "type"), None),
        ("xyz", ("status", "type"), None),
        ("", ("status", "type"), None),
    ],
)
def test_nearest_name(name, known, near):
    assert nearest_name(name, known) == near


def test_no_name_is_unknown_where_all_are_known():
    assert unknown_names(["status", "type"], ("type", "status"), "field") == {}
