"""docs/migrating.md: calls of the previous system's clients next to ours, each against the running code."""

from typing import Any

import pytest
from django.db import connection

from conversations.models import Conversation
from leads.models import Lead
from tests.factories import ORDER
from tests.leads.importing.operator import run
from tests.leads.migrating.old_system import OldSystem
from tests.site import REPOSITORY

pytestmark = pytest.mark.django_db
TEXT = (REPOSITORY / "docs" / "migrating.md").read_text(encoding="utf-8")


@pytest.fixture
def api(owner):
    return owner.client


def test_a_lead_is_posted_as_before_with_a_key(api, anonymous):
    assert anonymous.post("/api/leads", ORDER, format="json").status_code == 401
    answer = api.post("/api/leads", ORDER | {"details": None, "status": "new"}, format="json")
    assert answer.status_code == 201
    assert {"success", "lead_id", "conversation_id"} <= answer.json().keys()
    refused = api.post("/api/leads", ORDER | {"type": "gift"}, format="json")
    assert (refused.status_code, list(refused.json())) == (400, ["success", "error", "code", "fields"])
    assert api.post("/api/leads", ORDER | {"state": "new"}, format="json").status_code == 400


@pytest.mark.parametrize("path", ["/api/leads/create-with-conversation", "/api/conversation"])
def test_removed_paths_name_the_new_one(anonymous, path):
    answer = anonymous.post(path, ORDER, format="json")
    assert answer.status_code == 410
    assert "/api/leads" in answer.json()["error"]


def test_a_message_is_sent_in_camel_case(api):
    body: dict[str, Any] = {"to": "+1234567890", "message": "Hello"}
    answer = api.post("/api/whatsapp", body, format="json")
    assert (answer.status_code, answer.json()["status"], answer.json()["lead_id"]) == (202, "queued", None)
    body |= {"createLead": True, "customerName": "John", "leadType": "order", "details": "A cake"}
    answer = api.post("/api/whatsapp", body, format="json").json()
    assert Lead.objects.get(pk=answer["lead_id"]).type == "order"
    assert api.get(f"/api/messages/{answer['message_id']}").json()["status"] == "queued"


def test_the_function_has_the_same_parameters(owner):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT create_lead_with_conversation(p_user_id => %s, p_customer_phone => '+1234567890',"
            " p_customer_name => 'John', p_lead_type => 'order', p_details => 'A cake',"
            " p_conversation_status => 'active', p_lead_status => 'new') ->> 'success'",
            [owner.id],
        )
        assert cursor.fetchone() == ("true",)


def test_rows_are_read_and_changed_by_their_old_ids(owner, api, tmp_path):
    old = OldSystem()
    conversation = old.conversation()
    lead = old.lead(conversation)
    first = old.message(conversation, "1")
    old.message(conversation, "2", sender="bot")
    assert run("import_supabase", old.write(tmp_path / "old.sql"), "--user", owner.user.email).code == 0
    query = "status=new&type=order&q=cake&customer_phone=0049 151 12345678&created_after=2025-01-01&page_size=50"
    (found,) = api.get(f"/api/leads?{query}").json()["results"]
    assert found["id"] == str(lead)
    assert api.get(f"/api/leads/{lead}").json()["conversation_id"] == str(conversation)
    (row,) = api.get("/api/conversations?status=active").json()["results"]
    assert (row["id"], row["customer_name"], row["customer_phone"]) == (str(conversation), "Ana", "+4915112345678")
    thread = api.get(f"/api/conversations/{conversation}/messages?ordering=created_at").json()["results"]
    assert [(one["content"], one["direction"]) for one in thread] == [("1", "in"), ("2", "out")]
    assert thread[0]["id"] == str(first)
    sent = api.post(f"/api/conversations/{conversation}/messages", {"message": "3"}, format="json")
    assert sent.status_code == 202
    assert api.patch(f"/api/leads/{lead}", {"status": "converted"}, format="json").status_code == 200
    assert api.patch(f"/api/leads/{lead}", {"status": "new"}, format="json").status_code == 409
    assert api.patch(f"/api/conversations/{conversation}", {"status": "completed"}, format="json").status_code == 200
    assert Conversation.objects.get().status == "completed"


def test_the_commands_options_are_in_the_text():
    for option in ("--user", "--user-map", "--dry-run", "--errors", "--region", "--international", "--json"):
        assert option in TEXT
