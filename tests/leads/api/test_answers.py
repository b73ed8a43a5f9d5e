"""Keys without the scope `read`: no answer tells them what is stored, but for ids."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from leads.models import Lead
from leadsite.accounts.services import issue_api_key
from tests.factories import ORDER, Business


@pytest.fixture
def writer(owner: Business) -> APIClient:
    client = APIClient(raise_request_exception=False)
    key = issue_api_key(user=owner.user, name="writer", scopes=["write", "send"])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def test_a_new_lead_does_not_tell_of_others(owner: Business, writer: APIClient) -> None:
    first = owner.post_lead().json()
    assert writer.post("/api/leads", ORDER, format="json").json()["open_leads"] is None
    assert first["lead_id"] in owner.client.post("/api/leads", ORDER, format="json").json()["open_leads"]


def test_the_stored_answer_of_another_key_does_not_either(owner: Business, writer: APIClient) -> None:
    first = owner.post_lead().json()
    header: Any = {"HTTP_IDEMPOTENCY_KEY": "one"}
    told = owner.client.post("/api/leads", ORDER, format="json", **header).json()
    assert told["open_leads"] == [first["lead_id"]]
    replayed = writer.post("/api/leads", ORDER, format="json", **header)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert json.loads(replayed.content) == told | {"open_leads": None}
    # And who may read still gets it.
    assert json.loads(owner.client.post("/api/leads", ORDER, format="json", **header).content) == told


def test_an_answer_that_was_stored_for_it_is_whole_for_others(owner: Business, writer: APIClient) -> None:
    first = owner.post_lead().json()
    header: Any = {"HTTP_IDEMPOTENCY_KEY": "two"}
    assert json.loads(writer.post("/api/leads", ORDER, format="json", **header).content)["open_leads"] is None
    again = owner.client.post("/api/leads", ORDER, format="json", **header)
    assert json.loads(again.content)["open_leads"] == [first["lead_id"]]


def test_a_lead_that_exists_does_not_tell_of_others(owner: Business, writer: APIClient) -> None:
    owner.post_lead()
    body = ORDER | {"external_id": "shop-1"}
    assert writer.post("/api/leads", body, format="json").status_code == 201
    answer = writer.post("/api/leads", body, format="json")
    assert (answer.status_code, answer.json()["open_leads"]) == (200, None)


def test_a_changed_lead_is_told_by_id_and_version(owner: Business, writer: APIClient) -> None:
    lead_id = owner.post_lead().json()["lead_id"]
    answer = writer.patch(f"/api/leads/{lead_id}", {"details": "Two cakes"}, format="json")
    assert answer.status_code == 200
    assert answer.json() == {"id": lead_id, "version": answer.json()["version"]}
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    assert Lead.objects.get(pk=lead_id).details == "Two cakes"


@pytest.mark.parametrize(
    ("change", "headers", "code"),
    [
        ({"status": "qualified"}, {}, "status_not_allowed"),
        ({"details": "x"}, {"HTTP_IF_MATCH": '"99"'}, "stale_version"),
    ],
)
def test_a_conflict_does_not_name_the_present_state(
    owner: Business, writer: APIClient, change: Any, headers: Any, code: str
) -> None:
    lead_id = owner.post_lead().json()["lead_id"]
    owner.client.patch(f"/api/leads/{lead_id}", {"status": "converted"}, format="json")
    told = owner.client.patch(f"/api/leads/{lead_id}", change, format="json", **headers)
    answer = writer.patch(f"/api/leads/{lead_id}", change, format="json", **headers)
    assert (told.status_code, answer.status_code, answer.json()["code"]) == (409, 409, code)
    text = answer.content.decode()
    assert "converted" not in text
    assert "version 2" not in text
    assert "allowed" not in answer.json()["fields"]
    assert "converted" in told.content.decode() or "version 2" in told.content.decode()


def test_a_changed_conversation_is_told_by_its_id(owner: Business, writer: APIClient) -> None:
    conversation_id = owner.post_lead().json()["conversation_id"]
    answer = writer.patch(f"/api/conversations/{conversation_id}", {"status": "completed"}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"id": conversation_id})


def test_a_batch_tells_of_its_own_leads_only(owner: Business, writer: APIClient) -> None:
    first = owner.post_lead().json()
    answer = writer.post("/api/leads/batch", {"leads": [ORDER, ORDER]}, format="json")
    assert answer.status_code == 201
    assert first["lead_id"] not in answer.content.decode()
