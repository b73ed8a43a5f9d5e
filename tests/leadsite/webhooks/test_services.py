"""Which events are stored: from all entry points, in the transaction of their cause, for endpoints of the business."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from conversations.models import Message
from leads.models import Lead
from leads.services.create import create_leads
from leadsite.webhooks.models import WebhookEvent
from tests.factories import ORDER, new_lead
from tests.leadsite.webhooks.integrator import Integrator
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db

# What events say of a file; the API says in addition what is stored of it.
OF_FILES = ("id", "mime_type", "filename", "caption", "sha256")


def times_read(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its times parsed, because a time may have two forms; of files what the provider says."""
    names = ("created_at", "updated_at", "provider_time")
    read = {name: document[name] and datetime.fromisoformat(document[name]) for name in names if name in document}
    files = [{name: item[name] for name in OF_FILES} for item in document.get("media", ())]
    return document | read | ({"media": files} if files else {})


class TestALead:
    def test_its_event_has_the_representation_of_the_api(self, integrator, owner):
        lead_id = owner.post_lead(external_id="A-1").json()["lead_id"]
        row = integrator.row()
        assert (row.type, row.state, row.attempts, row.user_id) == ("lead.created", "pending", 0, owner.id)
        assert sorted(row.payload) == ["data", "timestamp", "type"]
        assert row.payload["type"] == "lead.created"
        assert datetime.fromisoformat(row.payload["timestamp"]) == row.created_at
        assert times_read(row.payload["data"]) == times_read(owner.client.get(f"/api/leads/{lead_id}").json())
        assert row.payload["data"]["customer_phone"] == ORDER["customer_phone"]

    def test_all_entry_points_store_an_event(self, integrator, owner):
        owner.post_lead()
        owner.client.post("/api/leads/batch", {"leads": [ORDER | {"customer_phone": "+4915100000001"}]}, format="json")
        owner.call_function("+4915100000002", "Bruno", "order")
        owner.call_batch_function([ORDER | {"customer_phone": "+4915100000003"}])
        Inbox(owner).gets(meta.text("Hello"))
        form = {"customer_phone": "+4915100000004", "customer_name": "Amina", "type": "order", "status": "new"}
        assert staff_of(owner).fill(address("add", Lead), **form).status_code == 302
        created = [row.payload["data"]["source"] for row in integrator.rows() if row.type == "lead.created"]
        assert created == ["api", "api", "sql", "sql", "whatsapp", "admin"]

    def test_a_batch_stores_an_event_for_each_lead(self, integrator, owner):
        create_leads(user_id=owner.id, leads=[new_lead() for _ in range(300)], source="import")
        assert integrator.types() == ["lead.created"] * 300
        assert {row.payload["data"]["id"] for row in integrator.rows()} == {str(lead.pk) for lead in Lead.objects.all()}

    def test_a_change_stores_an_event_with_the_new_values(self, integrator, owner):
        path = f"/api/leads/{owner.post_lead().json()['lead_id']}"
        changed = owner.client.patch(path, {"status": "contacted", "details": "Two cakes"}, format="json").json()
        _, row = integrator.rows()
        assert row.type == "lead.updated"
        assert times_read(row.payload["data"]) == times_read(changed)
        assert row.payload["data"]["version"] == 2

    def test_a_change_that_the_api_does_not_show_stores_no_event(self, integrator, owner):
        owner.post_lead()
        Lead.objects.update(updated_at="2026-01-01T00:00:00Z")
        assert integrator.types() == ["lead.created"]

    def test_a_new_name_of_the_customer_alone_stores_no_event(self, integrator, owner):
        path = f"/api/leads/{owner.post_lead().json()['lead_id']}"
        owner.client.patch(path, {"customer_name": "Johanna Doe"}, format="json")
        assert integrator.types() == ["lead.created"]

    def test_a_sql_client_needs_no_privileges_on_webhook_tables(self, integrator, owner):
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute("CREATE ROLE etl_of_a_test")
            for right in (
                "EXECUTE ON FUNCTION create_lead_with_conversation, make_leads, make_lead TO",
                "SELECT (id) ON users TO",
                "SELECT, INSERT, UPDATE ON customers, conversations TO",
                "SELECT, INSERT ON leads TO",
            ):
                cursor.execute(f"GRANT {right} etl_of_a_test")
            cursor.execute("SET LOCAL ROLE etl_of_a_test")
            cursor.execute(
                "SELECT create_lead_with_conversation(%s, '+4915100000002', 'Bruno', 'order')::text", [owner.id]
            )
            assert '"success" : true' in str(cursor.fetchone())
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY etl_of_a_test; DROP ROLE etl_of_a_test")
        assert integrator.types() == ["lead.created"]


class TestAMessage:
    @pytest.fixture
    def inbox(self, owner):
        return Inbox(owner)

    def test_an_inbound_message_has_the_representation_of_the_api(self, integrator, inbox, owner):
        Channel.objects.update(display_number="+49 30 5550100")  # else the first delivery fills it, after the event
        inbox.gets(meta.text("Do you have cakes?"))
        row = next(row for row in integrator.rows() if row.type == "message.received")
        message = Message.objects.get()
        answer = owner.client.get(f"/api/messages/{message.pk}").json()
        assert times_read(row.payload["data"]) == times_read(answer)
        assert (answer["content"], answer["text"]) == ("Do you have cakes?", "Do you have cakes?")

    def test_a_repeated_delivery_stores_one_event(self, integrator, inbox):
        hello = meta.text("Hello", id="wamid.once")
        inbox.gets(hello)
        inbox.gets(hello)
        assert sorted(integrator.types()) == ["lead.created", "message.received"]

    def test_content_that_replaces_a_placeholder_stores_an_event_with_the_same_id(self, integrator, inbox):
        inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.ad"))
        inbox.gets(meta.text("The real one", id="wamid.ad"))
        first, second = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
        assert first["id"] == second["id"]
        assert (first["kind"], second["content"]) == ("unsupported", "The real one")

    def test_imported_history_stores_no_events(self, integrator, inbox):
        theirs = meta.message("media_placeholder", from_=meta.SHEENA, id="wamid.old")
        ours = meta.text("Yes", from_=meta.BUSINESS, to=meta.SHEENA, id="wamid.answer")
        inbox.gets_change("history", history=[{"threads": [{"id": meta.SHEENA, "messages": [theirs, ours]}]}])
        inbox.gets_change("history", messages=[meta.message("image", {"id": "1", "caption": "Cake"}, id="wamid.old")])
        inbox.gets_statuses(meta.status("read", id="wamid.answer"))
        assert {(row.kind, row.status) for row in inbox.messages} == {("image", "received"), ("text", "read")}
        assert integrator.types() == []

    def test_a_call_stores_an_event_when_it_rings_and_when_it_has_ended(self, integrator, inbox):
        ring = meta.call(id="wacid.1")
        end = meta.call(id="wacid.1", event="terminate", status="FAILED", timestamp=meta.NOON + 30)
        for part in (ring, end, end):
            inbox.gets_change("calls", calls=[part])
        first, second = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
        assert first["id"] == second["id"]
        assert (first["content"], second["content"]) == ("Called", "Missed call")

    def test_each_status_of_an_outgoing_message_stores_an_event_as_in_the_api(self, integrator, inbox, owner):
        inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Hello", id="wamid.out")])
        for state in ("sent", "delivered", "read", "played"):
            inbox.gets_statuses(meta.status(state, id="wamid.out"))
        told = [row.payload["data"] for row in integrator.rows() if row.type == "message.status"]
        assert [data["status"] for data in told] == ["delivered", "read"]
        assert {data["provider_id"] for data in told} == {"wamid.out"}

    def test_a_failure_stores_an_event_with_its_reason(self, integrator, inbox):
        inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Hello", id="wamid.out")])
        inbox.gets_statuses(meta.status("failed", id="wamid.out", errors=[meta.error(131049, "Not delivered")]))
        (told,) = [row.payload["data"] for row in integrator.rows() if row.type == "message.status"]
        assert (told["status"], told["error"]) == ("failed", "131049: Not delivered")

    def test_a_queued_message_or_one_being_sent_stores_no_event(self, integrator, owner):
        owner.client.post("/api/whatsapp", {"to": "+4915123456789", "message": "Hello"}, format="json")
        Message.objects.update(status="sending")
        Message.objects.update(status="queued")
        assert integrator.types() == []
        Message.objects.update(status="unknown", error="Not known")
        assert integrator.row().payload["data"]["error"] == "Not known"


class TestEndpoints:
    def test_without_an_endpoint_nothing_is_written(self, owner):
        owner.post_lead()
        Inbox(owner).gets(meta.text("Hello"))
        assert not WebhookEvent.objects.exists()

    def test_another_businesss_endpoint_gets_no_event(self, integrator, stranger):
        stranger.post_lead()
        Inbox(stranger).gets(meta.text("Hello"))
        assert not WebhookEvent.objects.exists()

    def test_an_event_is_stored_for_each_endpoint_with_its_type(self, owner, receiver):
        created = Integrator(owner, receiver, "/created", ["lead.created"])
        both = Integrator(owner, receiver, "/both", ["lead.created", "lead.updated"])
        received = Integrator(owner, receiver, "/received", ["message.received"])
        lead = owner.post_lead().json()["lead_id"]
        owner.client.patch(f"/api/leads/{lead}", {"status": "contacted"}, format="json")
        assert created.types() == ["lead.created"]
        assert both.types() == ["lead.created", "lead.updated"]
        assert received.types() == []

    def test_a_disabled_endpoint_gets_no_event(self, integrator, owner):
        owner.client.patch(integrator.address, {"active": False}, format="json")
        owner.post_lead()
        assert integrator.types() == []

    def test_a_rolled_back_change_stores_no_event(self, integrator, owner):
        with transaction.atomic():
            owner.has_lead()
            assert integrator.types() == ["lead.created"]
            transaction.set_rollback(True)
        assert integrator.types() == []
        assert not Lead.objects.exists()
