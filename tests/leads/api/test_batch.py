"""POST /api/leads/batch: many leads in one call."""

import json

import pytest

from leads.api.batch import BATCH_LIMIT
from leads.models import Lead
from tests.cases import each_case
from tests.envelope import BAD_BODIES, refused
from tests.factories import NOTHING, ORDER


def lead(number, **fields):
    return ORDER | {"customer_phone": f"+49151000{number:05}"} | fields


def post(business, leads, **fields):
    return business.client.post("/api/leads/batch", {"leads": leads} | fields, format="json")


def test_valid_leads_are_created_together(owner):
    answer = post(owner, [lead(1), lead(2), lead(1, details="Another")])
    assert answer.status_code == 201
    body = answer.json()
    assert (body["success"], body["created"], body["failed"]) == (True, 3, 0)
    assert [row["index"] for row in body["results"]] == [0, 1, 2]
    assert [row["conversation_created"] for row in body["results"]] == [True, True, False]
    assert {row["lead_id"] for row in body["results"]} == {str(pk) for pk in Lead.objects.values_list("pk", flat=True)}
    assert owner.row_counts() == (2, 2, 3)


def test_one_invalid_lead_prevents_all_and_every_error_is_named(owner):
    body = refused(post(owner, [lead(1), lead(2, type="cake", customer_name=""), "lead", lead(3)]), 400)
    assert set(body["fields"]) == {"leads[1].type", "leads[1].customer_name", "leads[2].lead"}
    assert owner.row_counts() == NOTHING


def test_without_all_or_nothing_the_valid_leads_are_created(owner):
    answer = post(owner, [lead(1), lead(2, type="cake"), {}, None, lead(3)], all_or_nothing=False)
    assert answer.status_code == 207
    body = answer.json()
    assert (body["success"], body["created"], body["failed"]) == (False, 2, 3)
    assert [row["success"] for row in body["results"]] == [True, False, False, False, True]
    wrong = body["results"][1]
    assert (list(wrong["fields"]), wrong["code"], wrong["error"]) == (
        ["type"],
        "invalid",
        "type: Must be one of order, booking, inquiry.",
    )
    assert owner.row_counts() == (2, 2, 2)


def test_without_any_valid_lead_the_response_is_also_207(owner):
    assert post(owner, [{}], all_or_nothing=False).status_code == 207
    assert owner.row_counts() == NOTHING


class TestExternalIds:
    def test_a_repeated_batch_creates_nothing_twice(self, owner):
        leads = [lead(number, external_id=f"row-{number}") for number in range(5)]
        first, second = post(owner, leads), post(owner, leads)
        assert (first.status_code, second.status_code) == (201, 201)
        ids = [[row["lead_id"] for row in answer.json()["results"]] for answer in (first, second)]
        assert ids[0] == ids[1]
        assert owner.row_counts() == (5, 5, 5)

    @pytest.mark.parametrize("all_or_nothing", [True, False])
    def test_the_external_id_of_another_customer_is_an_error(self, owner, all_or_nothing):
        post(owner, [lead(1, external_id="row")])
        answer = post(owner, [lead(2, external_id="row"), lead(3)], all_or_nothing=all_or_nothing)
        if all_or_nothing:
            assert refused(answer, 409)["code"] == "external_id_taken"
            assert owner.row_counts() == (1, 1, 1)
        else:
            assert answer.status_code == 207
            taken = answer.json()["results"][0]
            assert (taken["code"], list(taken["fields"])) == ("external_id_taken", ["external_id"])
            assert owner.row_counts() == (2, 2, 2)

    def test_every_lead_whose_external_id_is_taken_is_named(self, owner):
        post(owner, [lead(1, external_id="row")])
        leads = [lead(2), lead(3, external_id="row"), lead(4, external_id="new"), lead(5, external_id="new")]
        body = refused(post(owner, leads), 409)
        assert body["code"] == "external_id_taken"
        assert list(body["fields"]) == ["leads[1].external_id", "leads[3].external_id"]
        assert owner.row_counts() == (1, 1, 1)

    @pytest.mark.parametrize("all_or_nothing", [True, False])
    def test_a_lead_that_is_twice_in_a_batch_is_created_once(self, owner, all_or_nothing):
        leads = [lead(1, external_id="row"), lead(2), lead(1, external_id="row")]
        answer = post(owner, leads, all_or_nothing=all_or_nothing)
        assert answer.status_code == 201, answer.content
        first, _, again = answer.json()["results"]
        assert first["lead_id"] == again["lead_id"]
        assert (first["conversation_created"], again["conversation_created"]) == (True, False)
        assert owner.row_counts() == (2, 2, 2)

    def test_the_same_external_id_twice_in_a_batch_is_one_lead_and_an_error(self, owner):
        answer = post(owner, [lead(1, external_id="row"), lead(2, external_id="row")], all_or_nothing=False)
        assert [row["success"] for row in answer.json()["results"]] == [True, False]


def test_a_repeated_batch_with_an_idempotency_key_gets_the_first_response(owner):
    bodies = [
        owner.client.post(
            "/api/leads/batch", {"leads": [lead(1)]}, format="json", headers={"Idempotency-Key": "batch-1"}
        ).content
        for _ in range(2)
    ]
    assert bodies[0] == bodies[1]
    assert owner.row_counts() == (1, 1, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ("leads", "body"),
        ({}, "leads"),
        ({"leads": []}, "leads"),
        ({"leads": {}}, "leads"),
        ({"leads": [{}] * (BATCH_LIMIT + 1)}, "leads"),
        ({"leads": [ORDER], "all_or_nothing": "no"}, "all_or_nothing"),
    ],
)
def test_a_body_with_the_wrong_structure_is_400(owner, body, field):
    answer = owner.client.post("/api/leads/batch", json.dumps(body), content_type="application/json")
    assert list(refused(answer, 400)["fields"]) == [field]


@each_case("case", BAD_BODIES)
def test_a_body_that_cannot_be_parsed_is_400(case, owner):
    answer = owner.client.post("/api/leads/batch", BAD_BODIES[case], content_type="application/json")
    refused(answer, 400)
    assert owner.row_counts() == NOTHING


def test_a_thousand_leads_are_three_statements(owner, django_assert_max_num_queries):
    leads = [{"customer_phone": f"+49151{n:07}", "customer_name": "J", "type": "order"} for n in range(BATCH_LIMIT)]
    with django_assert_max_num_queries(6):  # the key, the savepoint, customers, conversations, leads, the release
        assert post(owner, leads).status_code == 201
    assert owner.row_counts() == (1000, 1000, 1000)
