"""For every entry point the audit names the actor and the change; and all changes together make the tables."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from leads.bulk import changes
from leads.bulk import worker as bulk_worker
from leads.models import BulkChange, ImportRun, Lead
from leadsite.audit.models import AuditEntry
from leadsite.audit.sentences import lines_of
from leadsite.core.postgresql import actors
from leadsite.core.postgresql.actors import Actor, ActorKind
from leadsite.monitoring.integrity import check_integrity
from tests.factories import Business
from tests.leads.importing.operator import import_leads, write
from tests.leadsite.audit.rebuilding import Work, rebuilt, stored
from tests.roles import SQL_CLIENTS, make_roles
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

pytestmark = pytest.mark.django_db


def newest(table: str = "leads") -> AuditEntry:
    return AuditEntry.objects.filter(table_name=table).order_by("-id")[0]


def actor(entry: AuditEntry) -> tuple[str, str, str]:
    return entry.actor_kind, entry.actor_id, entry.actor_name


def test_the_api_names_the_key_and_the_request(owner: Business):
    key = ("key", owner.api_key[:15], "create_business")
    lead_id = owner.client.post(
        "/api/leads",
        {"customer_phone": "+4915112345678", "customer_name": "Ada", "type": "order"},
        format="json",
        HTTP_X_REQUEST_ID="req-1",
    ).json()["lead_id"]
    assert (actor(newest()), newest().request_id) == (key, "req-1")
    owner.client.patch(f"/api/leads/{lead_id}", {"status": "contacted"}, format="json")
    assert (actor(newest()), newest().after) == (key, {"status": "contacted"})
    owner.client.post(
        "/api/leads/batch",
        {"leads": [{"customer_phone": "+4915112345679", "customer_name": "Bo", "type": "order"}]},
        format="json",
    )
    assert (actor(newest()), newest().action) == (key, "insert")


def test_the_admin_names_the_person(owner: Business):
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    staff = staff_of(owner)
    person = ("person", str(owner.id), owner.user.get_full_name())
    staff.fill(address("change", lead), status="contacted")
    assert (actor(newest()), newest().after) == (person, {"status": "contacted"})
    assert newest().request_id


def test_a_delivery_is_named_by_its_id(owner: Business):
    delivery = Inbox(owner).gets(meta.text("Hello"))
    assert actor(newest()) == ("delivery", str(delivery.pk), "WhatsApp")
    assert (newest().action, newest("customers").transaction_id) == ("insert", newest().transaction_id)


def test_an_import_is_named_by_its_run_and_file(owner: Business, tmp_path: Path):
    rows = ("+4915123456780,Bo,order,A cake,", "+49,not a number,order,,", "+4915123456789,Amina,order,A lemon cake,")
    import_leads(owner, write(tmp_path / "june.csv", *rows))
    assert actor(newest()) == ("import", str(ImportRun.objects.get().pk), "june.csv")
    said = [line.sentence for line in lines_of(AuditEntry.objects.filter(table_name="leads").order_by("id"))]
    assert said == ["Imported from june.csv, line 2", "Imported from june.csv, line 4"]


def test_a_role_of_sql_clients_is_named_whatever_it_says_that_it_is(owner: Business):
    make_roles()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {SQL_CLIENTS}")
        cursor.execute("SET LOCAL leadsite.actor = E'person\\x1f1\\x1fAnna\\x1f'")
        cursor.execute("SELECT create_lead_with_conversation(%s, '+4915112345678', 'Ada', 'order')", [owner.id])
        cursor.execute("SET LOCAL ROLE NONE")
    assert actor(newest()) == ("sql", SQL_CLIENTS, SQL_CLIENTS)


def test_a_command_and_a_worker_are_named_by_their_processes(owner: Business, monkeypatch: pytest.MonkeyPatch):
    for kind in (ActorKind.COMMAND, ActorKind.WORKER):
        actors.set_process_actor(Actor(kind, name="create_business"))
        owner.has_lead()
        assert actor(newest()) == (kind.value, "", "create_business")


def test_a_bulk_change_is_that_of_the_person_who_made_it(owner: Business, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(changes, "AT_ONCE", 0)
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    staff_of(owner).act("assign_to_me", lead)
    actors.set_process_actor(Actor(ActorKind.WORKER, name="worker"))
    bulk_worker.process_bulk_change(BulkChange.objects.get().pk, should_stop=lambda: False)
    assert (actor(newest()), newest().after) == (
        ("person", str(owner.id), owner.user.get_full_name()),
        {"assigned_to_id": str(owner.id)},
    )


def test_the_tables_are_what_the_audit_says(owner: Business, settings: Any):
    Work(owner, operations=30)
    assert rebuilt() == stored()
    assert AuditEntry.objects.filter(action="delete", table_name="leads").exists()
    assert [finding for finding in check_integrity() if "audit" in finding.check] == []
