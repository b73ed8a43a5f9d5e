"""Conversations by REST: the list, one conversation, and changing its status."""

import pytest

from conversations.models import Conversation
from tests.envelope import refused
from tests.factories import Business

PHONE = "+4915123456789"
UNKNOWN_ID = "01a20e4e-5f63-7d2b-8978-25877e6c373b"


@pytest.fixture
def conversation(owner: Business) -> str:
    return str(owner.has_lead(customer_phone=PHONE, customer_name="Amina").conversation_id)


def path(conversation: str) -> str:
    return f"/api/conversations/{conversation}"


def test_a_conversation_is_read_with_its_customer(owner, conversation):
    body = owner.client.get(path(conversation)).json()
    assert body == {
        "id": conversation,
        "customer_id": body["customer_id"],
        "customer_name": "Amina",
        "customer_phone": PHONE,
        "customer_whatsapp_user_id": None,
        "customer_marketing_opted_out_at": None,
        "status": "active",
        "last_message_at": None,
        "last_inbound_at": None,
        "waiting_since": None,
        "assigned_to": None,
        "labels": [],
        "snoozed_until": None,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }
    assert owner.client.get("/api/conversations").json()["results"] == [body]


def test_the_list_is_narrowed_by_status_and_customer_and_takes_two_queries(
    owner, conversation, django_assert_num_queries
):
    for number in range(5):
        owner.has_lead(conversation_status="completed", customer_name=f"{number}")
    customer = owner.client.get(path(conversation)).json()["customer_id"]
    for query, count in (
        ({}, 6),
        ({"status": "completed"}, 5),
        ({"customer": customer}, 1),
        ({"status": "archived"}, 0),
    ):
        with django_assert_num_queries(2):
            assert len(owner.client.get("/api/conversations", query).json()["results"]) == count
    refused(owner.client.get("/api/conversations", {"status": "open"}), 400)


@pytest.mark.parametrize("status", ["completed", "archived", "active"])
def test_the_status_of_a_conversation_is_changed(owner, conversation, status):
    answer = owner.client.patch(path(conversation), {"status": status}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert Conversation.objects.get().status == status


@pytest.mark.parametrize("body", [{}, {"status": "open"}, {"status": 5}, [], None])
def test_an_invalid_status_is_400(owner, conversation, body):
    refused(owner.client.patch(path(conversation), body, format="json"), 400)
    assert Conversation.objects.get().status == "active"


def test_a_conversation_of_another_business_is_404(owner, stranger, conversation):
    assert stranger.client.get("/api/conversations").json()["results"] == []
    for answer in (
        stranger.client.get(path(conversation)),
        stranger.client.patch(path(conversation), {"status": "archived"}, format="json"),
        owner.client.get(path(UNKNOWN_ID)),
        owner.client.patch(path(UNKNOWN_ID), {"status": "archived"}, format="json"),
    ):
        refused(answer, 404)
    assert Conversation.objects.get().status == "active"


def test_a_conversation_is_snoozed_and_wakes_again(owner, conversation):
    until = "2999-01-01T09:00:00+01:00"
    first = owner.client.patch(path(conversation), {"snoozed_until": until}, format="json").json()
    assert first["snoozed_until"] == "2999-01-01T08:00:00Z"
    again = owner.client.patch(path(conversation), {"snoozed_until": until}, format="json").json()
    assert again == first
    ended = owner.client.patch(path(conversation), {"snoozed_until": None}, format="json").json()
    assert ended["snoozed_until"] is None


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "tomorrow", 5, True, ""])
def test_a_snooze_needs_a_time_to_come(owner, conversation, until):
    answer = owner.client.patch(path(conversation), {"snoozed_until": until}, format="json")
    assert "snoozed_until" in refused(answer, 400)["fields"]
    assert Conversation.objects.get().snoozed_until is None


@pytest.mark.parametrize("status", ["completed", "archived"])
def test_a_closed_conversation_is_not_snoozed(owner, conversation, status):
    snooze = {"snoozed_until": "2999-01-01T00:00:00Z"}
    answer = owner.client.patch(path(conversation), {"status": status} | snooze, format="json")
    assert refused(answer, 400)["fields"] == {"snoozed_until": ["Only an active conversation can be snoozed."]}
    assert Conversation.objects.get().status == "active"
    owner.client.patch(path(conversation), {"status": status}, format="json")
    assert "snoozed_until" in refused(owner.client.patch(path(conversation), snooze, format="json"), 400)["fields"]
    assert Conversation.objects.get().snoozed_until is None
    assert owner.client.patch(path(conversation), {"snoozed_until": None}, format="json").status_code == 200
    assert owner.client.patch(path(conversation), {"status": "active"} | snooze, format="json").status_code == 200


def test_completing_ends_the_snooze(owner, conversation):
    owner.client.patch(path(conversation), {"snoozed_until": "2999-01-01T00:00:00Z"}, format="json")
    done = owner.client.patch(path(conversation), {"status": "completed"}, format="json").json()
    assert (done["status"], done["snoozed_until"]) == ("completed", None)
