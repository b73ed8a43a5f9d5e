"""POST and GET /api/leads."""

from uuid import uuid4

import pytest

from leads.models import Lead
from tests.envelope import refused
from tests.factories import NOTHING, ORDER


def test_it_creates_a_lead_with_its_conversation(owner):
    answer = owner.post_lead()
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"success", "lead_id", "conversation_id", "conversation_created", "open_leads"}
    assert (body["success"], body["conversation_created"], body["open_leads"]) == (True, True, [])
    lead = Lead.objects.get()
    assert (str(lead.pk), str(lead.conversation_id)) == (body["lead_id"], body["conversation_id"])
    assert lead.source == "api"


def test_an_external_id_that_is_taken_is_a_conflict(owner):
    assert owner.post_lead(external_id="order-17").status_code == 201
    body = refused(owner.post_lead(external_id="order-17", customer_phone="+1234567891"), 409)
    assert (body["code"], list(body["fields"])) == ("external_id_taken", ["external_id"])
    assert owner.row_counts() == (1, 1, 1)


def test_a_repeated_external_id_gets_the_existing_ids(owner):
    first = owner.post_lead(external_id="order-17")
    repeated = owner.post_lead(external_id=" order-17 ", customer_phone="001 234567890", details="Changed since")
    assert (first.status_code, repeated.status_code) == (201, 200)
    assert repeated.json() == first.json() | {"conversation_created": False}
    assert owner.row_counts() == (1, 1, 1)


def test_other_open_leads_of_the_customer_are_named(owner, stranger):
    first = owner.post_lead().json()["lead_id"]
    owner.post_lead(status="converted")
    stranger.post_lead()
    second = owner.post_lead(customer_phone="001234567890").json()
    assert second["open_leads"] == [first]
    Lead.objects.update(status="lost")
    assert owner.post_lead().json()["open_leads"] == []


@pytest.mark.parametrize("path", ["/api/leads", "/api/leads/"])
def test_a_trailing_slash_is_accepted(owner, path):
    assert owner.client.post(path, ORDER, format="json").status_code == 201


KEYS = {
    "no header": None,
    "no scheme": "ls_1234",
    "another scheme": "Basic b3duZXI6a2V5",
    "no key": "Bearer",
    "two keys": "Bearer a b",
    "an unknown key": "Bearer ls_0000000000000000000000000000000000000000000000000000000000000000",
    "not ASCII": "Bearer ls_\u00e4\u00f6",
    "a NUL": "Bearer ls_\0",
    "a long key": "Bearer " + "x" * 5000,
}


@pytest.mark.parametrize("case", KEYS)
def test_without_a_valid_key_it_is_401(case, anonymous, owner):
    if KEYS[case]:
        anonymous.credentials(HTTP_AUTHORIZATION=KEYS[case])
    answer = anonymous.post("/api/leads", ORDER, format="json")
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert owner.row_counts() == NOTHING


def test_a_revoked_key_is_401(owner):
    assert owner.post_lead().status_code == 201
    owner.user.auth_token_set.all().delete()
    refused(owner.post_lead(), 401)


def test_the_key_of_an_inactive_business_is_401(owner):
    owner.user.is_active = False
    owner.user.save()
    refused(owner.post_lead(), 401)


def test_an_expired_key_is_401(owner):
    owner.user.auth_token_set.update(expiry="2020-01-01T00:00:00Z")
    refused(owner.post_lead(), 401)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_another_method_is_405(owner, method):
    refused(getattr(owner.client, method)("/api/leads", {}, format="json"), 405)


def test_an_unknown_path_is_404_in_the_error_format(anonymous, db):
    refused(anonymous.get("/api/nothing/here"), 404)


def test_a_lead_is_read_with_its_customer(owner):
    created = owner.has_lead(customer_phone="+4915123456789", customer_name="Amina", details="Cake", external_id="e-1")
    body = owner.client.get(f"/api/leads/{created.lead_id}").json()
    assert body == {
        "id": str(created.lead_id),
        "conversation_id": str(created.conversation_id),
        "customer_id": body["customer_id"],
        "customer_name": "Amina",
        "customer_phone": "+4915123456789",
        "type": "order",
        "details": "Cake",
        "status": "new",
        "lost_reason": "",
        "source": "manual",
        "referral": None,
        "external_id": "e-1",
        "assigned_to": None,
        "follow_up_at": None,
        "version": 1,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
        "deleted_at": None,
    }


def test_a_lead_of_another_business_is_404(owner, stranger):
    created = owner.has_lead()
    refused(stranger.client.get(f"/api/leads/{created.lead_id}"), 404)
    assert stranger.client.get("/api/leads").json()["results"] == []


@pytest.mark.parametrize("lead_id", [uuid4(), "1", "not-a-uuid", "%00"])
def test_an_unknown_lead_is_404(owner, lead_id):
    refused(owner.client.get(f"/api/leads/{lead_id}"), 404)


def test_a_single_lead_has_no_filters(owner):
    lead_id = owner.post_lead().json()["lead_id"]
    answer = owner.client.get(f"/api/leads/{lead_id}?status=lost&q=nothing")
    assert list(refused(answer, 400)["fields"]) == ["status", "q"]
