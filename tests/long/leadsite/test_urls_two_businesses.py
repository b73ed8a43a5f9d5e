"""Every operation of the API with two businesses: each id in a path, each filter, each field of a body and each header
with what belongs to the other one. The answer is that for an id which nobody has, and nothing of the other changes.

The operations come from the API's description: a new route, filter or field is in the matrix by itself, and a route
that is not described fails. The admin's: test_admin_two_businesses.py. Without a key: tests/leadsite/test_urls.py.
"""

import itertools
import re
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid4

import pytest

from conversations.models import Conversation, Customer, Message
from leads.models import BulkChange, ImportRun, Lead
from leadsite.accounts.models import ApiKey
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.cases import each_case
from tests.factories import ORDER, Business
from tests.leadsite.api_operations import SCHEMA, SMUGGLED, Operation, operations
from tests.leadsite.test_urls import ROUTES
from tests.leadsite.two_businesses import OWN, SECRET, Rows, digest, rows_of, text_of
from whatsapp.models import Channel, MessageTemplate

# Whose row an id in a path is.
PATH_MODELS: dict[str, Any] = {
    "lead_id": Lead,
    "conversation_id": Conversation,
    "customer_id": Customer,
    "message_id": Message,
    "endpoint_id": WebhookEndpoint,
    "event_id": WebhookEvent,
    "template_id": MessageTemplate,
}
# Their ids are tried in every filter and field.
NAMED: tuple[Any, ...] = (
    *(Customer, Conversation, Lead, Message, Channel, WebhookEndpoint, WebhookEvent),
    *(MessageTemplate, ImportRun, BulkChange),
)
pytestmark = pytest.mark.django_db


OPERATIONS = list(operations())
WITH_PATH = [one for one in OPERATIONS if one.path_names]
WITH_QUERY = [one for one in OPERATIONS if one.queries]
WITH_BODY = [one for one in OPERATIONS if one.fields]


@pytest.fixture
def mine(owner: Business) -> Rows:
    rows = rows_of(owner, OWN)
    # A key that may do everything, in its own business.
    ApiKey.objects.filter(user=owner.user).update(scopes=ApiKey.Scope.values)
    return rows


@pytest.fixture
def theirs(stranger: Business, mine: Rows) -> Rows:
    found = rows_of(stranger, SECRET)
    ApiKey.objects.filter(user=stranger.user).update(scopes=ApiKey.Scope.values)
    Lead.objects.filter(user=stranger.user).update(external_id=SECRET)
    WebhookEvent.objects.filter(user=stranger.user).update(state="failed", due_at=None)
    return found


def path_of(operation: Operation, rows: dict[str, Any]) -> str:
    return re.sub(r"{(\w+)}", lambda found: str(rows[found[1]]), operation.path)


def path_ids(rows: Rows) -> dict[str, Any]:
    """The ids in paths. An event's is that of an event of the endpoint."""
    ids = {name: model.objects.filter(user=rows.business.user).latest("pk").pk for name, model in PATH_MODELS.items()}
    return ids | {"endpoint_id": WebhookEvent.objects.get(pk=ids["event_id"]).endpoint_id}


def ids_of(rows: Rows) -> list[str]:
    """Ids of theirs in every table that the API could name, and of the business."""
    newest = [model.objects.filter(user=rows.business.user).latest("pk").pk for model in NAMED]
    return [str(one) for one in (rows.business.id, *newest)]


def texts_of(rows: Rows) -> list[str]:
    """What else tells of a row: phone, external id, name."""
    phone = Customer.objects.filter(user=rows.business.user).latest("pk").phone
    return [str(phone), SECRET]


def send(business: Business, operation: Operation, path: str, body: Any = None, **headers: str) -> Any:
    call = getattr(business.client, operation.method)
    if operation.method == "delete" and "erase" in operation.queries:
        path += "?erase=true"
    if operation.method == "get":
        return call(path, headers=headers)
    return call(path, body, format="json", headers=headers)


def said(answer: Any, *asked: Any) -> tuple[int, str]:
    """Status and content, without what the request said itself."""
    text = answer.content.decode()
    for word in asked:
        text = text.replace(str(word), "…")
    return answer.status_code, text


def foreign_rows(business: Business, others: Rows) -> list[tuple[str, str, Any]]:
    """Columns of the business's rows that name a row of the others."""
    keys = {UUID(marker) for marker in others.markers if re.fullmatch("[0-9a-f-]{36}", marker)} | {others.business.id}
    return [
        (label, name, value)
        for label, rows in digest(business).items()
        for row in rows
        for name, value in row.items()
        if isinstance(value, UUID) and value in keys
    ]


def test_every_route_is_described_and_every_id_in_a_path_is_known():
    described = {path.removeprefix("/api/") for path in SCHEMA["paths"]}
    routes = {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in ROUTES}
    assert routes <= described, "A route that the description leaves out is not in the matrix."
    assert {name for one in OPERATIONS for name in one.path_names} <= set(PATH_MODELS), "Whose is this id? PATH_MODELS."
    assert all(one.body is not None for one in WITH_BODY), "The matrix begins with the example of a body."


@each_case("operation", WITH_PATH)
def test_an_id_of_theirs_in_a_path_is_as_one_that_nobody_has(operation, mine, theirs, owner, stranger):
    before, own, foreign = digest(stranger), path_ids(mine), path_ids(theirs)
    names = operation.path_names
    for replaced in itertools.chain.from_iterable(itertools.combinations(names, n + 1) for n in range(len(names))):
        their_ids = {name: foreign[name] for name in replaced}
        no_ids = {name: uuid4() for name in replaced}
        answers = [
            said(send(owner, operation, path_of(operation, own | ids), operation.body or {}), *(own | ids).values())
            for ids in (their_ids, no_ids)
        ]
        assert answers[0][0] == 404, (replaced, answers)
        assert answers[0] == answers[1], replaced
        assert not theirs.shown_in(answers[0][1])
    assert digest(stranger) == before


@each_case("operation", WITH_QUERY)
def test_no_filter_finds_or_tells_of_them(operation, mine, theirs, owner, stranger):
    path, before = path_of(operation, path_ids(mine)), digest(stranger)
    pairs = [(value, str(uuid4())) for value in ids_of(theirs)]
    pairs += [(text, unlike) for text, unlike in zip(texts_of(theirs), ("+4915100000001", "florist-0000"), strict=True)]
    for name in operation.queries:
        for value, nobodys in pairs:
            answers = [owner.client.get(path, {name: one}) for one in (value, nobodys)]
            found, none = (said(answer, one) for answer, one in zip(answers, (value, nobodys), strict=True))
            assert found == none, (name, value)
            assert found[0] in (200, 400), (name, value)
            assert not theirs.shown_in(found[1]), (name, value)
    assert digest(stranger) == before


@each_case("operation", [one for one in WITH_QUERY if "cursor" in one.queries])
def test_a_place_in_their_list_is_a_place_in_ones_own(operation, mine, theirs, owner, stranger):
    for _ in range(3):
        stranger.has_lead()
    answer = stranger.client.get(path_of(operation, path_ids(theirs)), {"page_size": 1})
    assert answer.status_code == 200
    cursors = re.findall(r"cursor=([^&]+)", answer.json()["next"] or "")
    for cursor in cursors:
        page = owner.client.get(path_of(operation, path_ids(mine)), {"cursor": cursor, "page_size": 1})
        assert page.status_code in (200, 400)
        assert not theirs.shown_in(text_of(page), asked=[cursor])


@each_case("operation", WITH_BODY)
def test_no_field_of_a_body_takes_an_id_of_theirs(operation, mine, theirs, owner, stranger):
    path, before = path_of(operation, path_ids(mine)), digest(stranger)
    values = [*ids_of(theirs), *texts_of(theirs)]
    for place in operation.fields:
        # The ids of business, customer, conversation and lead are enough for fields that must not be there.
        for value in values[:4] if place[-1] in SMUGGLED else values:
            answer = send(owner, operation, path, with_value(operation.body, place, value))
            assert answer.status_code < 500, (place, value, text_of(answer))
            assert not theirs.shown_in(text_of(answer), asked=[value]), (place, value)
    assert foreign_rows(owner, theirs) == []
    assert digest(stranger) == before


def with_value(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """A copy of the body with this value at this place."""
    copied = deepcopy(body)
    inner = copied
    for step in place[:-1]:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    inner[place[-1]] = value
    return copied


def test_a_lead_is_not_assigned_to_a_person_of_theirs(mine, theirs, owner, stranger):
    """That the field is refused by its name, and not only without effect."""
    for path in (f"/api/leads/{mine.of[Lead].pk}", f"/api/conversations/{mine.of[Conversation].pk}"):
        answers = [owner.client.patch(path, {"assigned_to": str(one)}, format="json") for one in (stranger.id, uuid4())]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert answers[0].json() == answers[1].json()
        assert "assigned_to" in answers[0].json()["fields"]


def test_their_keys_of_repeated_requests_are_not_ones_own(owner, stranger):
    """An Idempotency-Key, an external id and a version are those of a business."""
    body, header = ORDER | {"external_id": "order-7"}, {"Idempotency-Key": "a-key-of-both"}
    first = stranger.client.post("/api/leads", body, format="json", headers=header)
    second = owner.client.post("/api/leads", body, format="json", headers=header)
    assert (first.status_code, second.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in second.headers
    assert first.json()["lead_id"] != second.json()["lead_id"]
    assert first.json()["lead_id"] not in text_of(second)
    assert not {row["id"] for row in digest(owner)["conversations.Customer"]} & {
        row["id"] for row in digest(stranger)["conversations.Customer"]
    }


def test_the_other_business_has_the_rows(mine, theirs, stranger):
    """So that the matrix above is about rows that there are."""
    for operation in WITH_PATH:
        if operation.method == "get":
            answer = stranger.client.get(path_of(operation, path_ids(theirs)))
            assert answer.status_code == 200, operation
            assert theirs.shown_in(text_of(answer)), operation
