"""POST and GET /api/leads as a REST client meets them."""

import json
from uuid import uuid4

import pytest

from leads.models import Lead
from tests.factories import NOTHING, ORDER

ENVELOPE = {"success", "error", "code", "fields"}


def refused(answer, status):
    """The envelope of a refusal."""
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert set(body) == ENVELOPE
    assert body["success"] is False
    assert body["error"]
    return body


def test_it_creates_a_lead_with_its_conversation(owner):
    answer = owner.post_lead()
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"success", "lead_id", "conversation_id", "conversation_created", "open_leads"}
    assert (body["success"], body["conversation_created"], body["open_leads"]) == (True, True, [])
    lead = Lead.objects.get()
    assert (str(lead.pk), str(lead.conversation_id)) == (body["lead_id"], body["conversation_id"])
    assert lead.source == "api"


def test_every_bad_field_is_named_at_once(owner):
    body = refused(owner.post_lead({"customer_phone": "12", "customer_name": "", "type": "x", "status": "y"}), 400)
    assert body["code"] == "invalid"
    assert set(body["fields"]) == {"customer_phone", "customer_name", "type", "status"}
    assert owner.row_counts() == NOTHING


def test_an_external_id_that_is_taken_is_a_conflict(owner):
    assert owner.post_lead(external_id="order-17").status_code == 201
    body = refused(owner.post_lead(external_id="order-17", customer_phone="+1234567891"), 409)
    assert (body["code"], list(body["fields"])) == ("external_id_taken", ["external_id"])
    assert owner.row_counts() == (1, 1, 1)


def test_a_repetition_by_its_external_id_gets_the_ids_there_are(owner):
    first = owner.post_lead(external_id="order-17")
    again = owner.post_lead(external_id=" order-17 ", customer_phone="001 234567890", details="Changed since")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"conversation_created": False}
    assert owner.row_counts() == (1, 1, 1)


def test_other_open_leads_of_the_customer_are_named(owner, stranger):
    first = owner.post_lead().json()["lead_id"]
    owner.post_lead(status="converted")
    stranger.post_lead()
    second = owner.post_lead(customer_phone="001234567890").json()
    assert second["open_leads"] == [first]
    Lead.objects.update(status="lost")
    assert owner.post_lead().json()["open_leads"] == []


BAD_BODIES = {
    "nothing": b"",
    "not JSON": b"customer_phone=1",
    "half of JSON": b'{"customer_phone": "+12',
    "not UTF-8": b'{"customer_name": "\xff\xfe"}',
    "UTF-16": json.dumps(ORDER).encode("utf-16"),
    "NaN": b'{"customer_phone": NaN}',
    "Infinity": b'{"details": -Infinity}',
    "a list": json.dumps([ORDER]).encode(),
    "a string": b'"lead"',
    "null": b"null",
    "5000 digits": b'{"customer_phone": ' + b"1" * 5000 + b"}",
    "100 000 brackets": b"[" * 100_000,
    "100 000 objects": b'{"a":' * 100_000,
    "an unpaired bracket after": json.dumps(ORDER).encode() + b"]",
    "a NUL byte": json.dumps(ORDER | {"details": "a\0b"}).encode(),
    "a NUL in the phone": json.dumps(ORDER | {"customer_phone": "+1234567890\0"}).encode(),
    "a lone surrogate": json.dumps(ORDER | {"customer_name": "\ud800"}).encode(),
    "a huge number": b'{"customer_phone": 1e999}',
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_body_that_cannot_be_read_is_400(case, owner):
    answer = owner.client.post("/api/leads", BAD_BODIES[case], content_type="application/json")
    refused(answer, 400)
    assert owner.row_counts() == NOTHING


@pytest.mark.parametrize("field", ["customer_phone", "customer_name", "type", "details", "status", "external_id"])
@pytest.mark.parametrize("text", ["a\0b", "\ud800", "+1234567890\0", "order\udfff"])
def test_text_that_cannot_be_stored_is_refused_with_its_field(owner, field, text):
    answer = owner.client.post("/api/leads", json.dumps(ORDER | {field: text}), content_type="application/json")
    assert list(refused(answer, 400)["fields"]) == [field]


def test_a_body_of_a_megabyte_is_413(owner):
    body = json.dumps(ORDER | {"details": "x" * 1_000_000})
    assert (
        refused(owner.client.post("/api/leads", body, content_type="application/json"), 413)["code"] == "body_too_large"
    )


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""])
def test_another_content_type_is_415(owner, content_type):
    answer = owner.client.generic("POST", "/api/leads", json.dumps(ORDER), content_type=content_type)
    refused(answer, 415)


def test_a_charset_in_the_content_type_is_taken(owner):
    answer = owner.client.post("/api/leads", json.dumps(ORDER), content_type="application/json; charset=utf-8")
    assert answer.status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_any_accept_header_is_answered_in_json(owner, accept):
    assert owner.client.post("/api/leads", ORDER, format="json", headers={"accept": accept}).status_code == 201


@pytest.mark.parametrize("path", ["/api/leads", "/api/leads/"])
def test_a_trailing_slash_is_taken(owner, path):
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


def test_a_revoked_key_is_401_at_once(owner):
    assert owner.post_lead().status_code == 201
    owner.user.auth_token_set.all().delete()
    refused(owner.post_lead(), 401)


def test_the_key_of_a_locked_business_is_401(owner):
    owner.user.is_active = False
    owner.user.save()
    refused(owner.post_lead(), 401)


def test_an_expired_key_is_401(owner):
    owner.user.auth_token_set.update(expiry="2020-01-01T00:00:00Z")
    refused(owner.post_lead(), 401)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_another_method_is_405(owner, method):
    refused(getattr(owner.client, method)("/api/leads", {}, format="json"), 405)


@pytest.mark.parametrize("path", ["/api/conversation", "/api/leads/create-with-conversation"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_the_old_paths_say_where_to_go(anonymous, path, method):
    body = refused(getattr(anonymous, method)(path), 410)
    assert "/api/leads" in body["error"]


def test_an_unknown_path_is_404_in_the_envelope(anonymous, db):
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
        "external_id": "e-1",
        "assigned_to": None,
        "version": 1,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }


def test_another_businesss_lead_is_not_there(owner, stranger):
    created = owner.has_lead()
    refused(stranger.client.get(f"/api/leads/{created.lead_id}"), 404)
    assert stranger.client.get("/api/leads").json()["results"] == []


@pytest.mark.parametrize("lead_id", [uuid4(), "1", "not-a-uuid", "%00"])
def test_a_lead_that_is_not_there_is_404(owner, lead_id):
    refused(owner.client.get(f"/api/leads/{lead_id}"), 404)


def test_a_lead_named_by_its_id_is_found_whatever_would_narrow_the_list(owner):
    lead_id = owner.post_lead().json()["lead_id"]
    assert owner.client.get(f"/api/leads/{lead_id}?status=lost&q=nothing&created_after=never").status_code == 200


def test_the_list_is_paged_newest_first_without_gap_or_double(owner, django_assert_num_queries):
    created = [str(owner.has_lead().lead_id) for _ in range(5)]
    seen = []
    url = "/api/leads?page_size=2"
    while url:
        with django_assert_num_queries(2):  # the key, the page with its customers
            page = owner.client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        seen += [lead["id"] for lead in page["results"]]
        url = page["next"]
    assert sorted(seen) == sorted(created)
    assert seen == sorted(created, reverse=True)


@pytest.mark.parametrize("cursor", ["cD14", "cD0xMjM=", "cD0lMDA=", "\u00e4"])
def test_a_cursor_that_is_not_ours_is_refused(owner, cursor):
    owner.has_lead()
    assert owner.client.get(f"/api/leads?cursor={cursor}").status_code in (400, 404)


@pytest.mark.parametrize("cursor", ["%00", "====", "bz05OTk5OTk5OTk5OTk5OTk5", "a" * 5000])
def test_a_cursor_of_noise_does_no_harm(owner, cursor):
    owner.has_lead()
    assert owner.client.get(f"/api/leads?cursor={cursor}").status_code < 500


@pytest.mark.parametrize("page_size", ["0", "-1", "x", "9" * 5000, "%00"])
def test_a_strange_page_size_is_the_usual_one(owner, page_size):
    owner.has_lead()
    assert owner.client.get(f"/api/leads?page_size={page_size}").status_code == 200
