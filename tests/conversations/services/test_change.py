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
