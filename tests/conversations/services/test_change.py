"""Changing the status of a conversation."""

import pytest

from tests.envelope import refused
from tests.factories import Business
from tests.sessions import complete, session

PHONE = "+4915123456789"


@pytest.fixture
def conversation(owner: Business) -> str:
    return str(owner.has_lead(customer_phone=PHONE, customer_name="Amina").conversation_id)


def path(conversation: str) -> str:
    return f"/api/conversations/{conversation}"


def test_a_second_active_conversation_of_a_customer_is_a_conflict(owner, conversation):
    owner.client.patch(path(conversation), {"status": "archived"}, format="json")
    owner.has_lead(customer_phone=PHONE)
    body = refused(owner.client.patch(path(conversation), {"status": "active"}, format="json"), 409)
    assert body["code"] == "another_active"


@pytest.mark.django_db(transaction=True)
def test_completing_a_completed_conversation_succeeds(owner, conversation):
    with session() as other_session:
        assert complete(other_session, owner.id, PHONE)
        other_session.commit()
    assert owner.client.patch(path(conversation), {"status": "completed"}, format="json").status_code == 200


def test_a_conversation_is_assigned_to_the_business_or_nobody(owner, stranger, conversation):
    answer = owner.client.patch(path(conversation), {"assigned_to": str(owner.id)}, format="json")
    assert (answer.status_code, answer.json()["assigned_to"]) == (200, str(owner.id))
    for other in (stranger.id, conversation):
        body = refused(owner.client.patch(path(conversation), {"assigned_to": str(other)}, format="json"), 400)
        assert list(body["fields"]) == ["assigned_to"]
    for wrong in (5, "me", [str(owner.id)], ""):
        refused(owner.client.patch(path(conversation), {"assigned_to": wrong}, format="json"), 400)
    kept = owner.client.patch(path(conversation), {"status": "completed"}, format="json").json()
    assert (kept["status"], kept["assigned_to"]) == ("completed", str(owner.id))
    answer = owner.client.patch(path(conversation), {"assigned_to": None}, format="json")
    assert (answer.json()["status"], answer.json()["assigned_to"]) == ("completed", None)
