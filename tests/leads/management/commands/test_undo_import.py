"""manage.py undo_import: removes the leads that an import created, except those that have been changed since."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, Message
from leads.models import ImportRun, Lead
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.services import create_endpoint
from tests.factories import NOTHING, Business
from tests.leads.importing.operator import CommandResult, import_leads, run, write

ROWS = [f"+49151000000{n:02},Customer {n},order,Cake {n}," for n in range(6)]


@pytest.fixture
def imported(owner: Business, tmp_path) -> CommandResult:
    return import_leads(owner, write(tmp_path / "a.csv", *ROWS, ROWS[0].replace("Cake", "Bread")))


def test_it_removes_everything_of_an_unchanged_import(owner, imported):
    result = run("undo_import", imported.summary["run"])
    assert (result.code, result.summary["removed"], result.summary["left"]) == (0, 7, 0)
    assert owner.row_counts() == NOTHING
    assert ImportRun.objects.get().state == "undone"
    assert run("undo_import", imported.summary["run"]).summary["removed"] == 0


def test_integrators_are_told_of_each_lead_that_it_removes(owner, tmp_path):
    create_endpoint(user_id=owner.id, url="https://example.com/hook", events=["lead.created", "lead.deleted"])
    imported = import_leads(owner, write(tmp_path / "a.csv", *ROWS[:3]))
    told = {lead["id"] for lead in data_of("lead.created")}
    Lead.objects.filter(details="Cake 0").update(status="contacted")
    kept = str(Lead.objects.get(status="contacted").pk)
    assert run("undo_import", imported.summary["run"]).summary["removed"] == 2
    gone = data_of("lead.deleted")
    assert {lead["id"] for lead in gone} == told - {kept}
    assert all(lead["deleted_at"] and lead["customer_phone"] for lead in gone)


def data_of(event: str) -> list[dict[str, str]]:
    return [payload["data"] for payload in WebhookEvent.objects.filter(type=event).values_list("payload", flat=True)]


def test_changed_leads_are_kept_and_counted(owner, imported, tmp_path):
    changed = Lead.objects.get(details="Cake 1")
    owner.client.patch(f"/api/leads/{changed.pk}", {"status": "contacted"}, format="json")
    written = Lead.objects.get(details="Cake 2").conversation
    Message.objects.create(user=owner.user, conversation=written, direction="in", content="Hi", status="received")
    Conversation.objects.filter(leads__details="Cake 3").update(status="completed")
    joined = owner.has_lead(customer_phone="+4915100000004", details="Another order")
    Customer.objects.filter(name="Customer 5").update(name="Customer Five", updated_at="2027-01-01T00:00:00Z")

    result = run("undo_import", imported.summary["run"])
    assert (result.code, result.summary["removed"], result.summary["left"]) == (1, 4, 3)
    assert set(Lead.objects.values_list("details", flat=True)) == {"Cake 1", "Cake 2", "Cake 3", "Another order"}
    assert Lead.objects.get(pk=joined.lead_id).conversation_id == joined.conversation_id
    # A renamed customer is kept; an unchanged customer whom the import created is not.
    assert set(Customer.objects.values_list("phone", flat=True)) == {
        *(f"+4915100000{n:03}" for n in (1, 2, 3, 4, 5)),
    }


def test_rows_from_before_the_import_are_kept(owner, tmp_path):
    before = owner.has_lead(customer_phone="+4915100000000", customer_name="Old customer")
    result = import_leads(owner, write(tmp_path / "a.csv", *ROWS[:2]))
    assert run("undo_import", result.summary["run"]).code == 0
    assert list(Lead.objects.values_list("pk", flat=True)) == [before.lead_id]
    assert owner.row_counts() == (1, 1, 1)


def test_a_thousand_leads_are_as_many_statements_as_two(owner, tmp_path, django_assert_num_queries):
    few = import_leads(owner, write(tmp_path / "few.csv", *ROWS[:2])).summary["run"]
    with CaptureQueriesContext(connection) as queries:
        run("undo_import", few)
    rows = (f"+4915200{n:06},Customer {n},order,Cake {n}," for n in range(1000))
    many = import_leads(owner, write(tmp_path / "many.csv", *rows)).summary["run"]
    with django_assert_num_queries(len(queries)):
        assert run("undo_import", many).summary["removed"] == 1000
    assert owner.row_counts() == NOTHING


def test_an_undone_file_can_be_imported_again(owner, imported, tmp_path):
    run("undo_import", imported.summary["run"])
    assert import_leads(owner, tmp_path / "a.csv").summary["created"] == 7


def test_an_unknown_or_running_run_is_refused(owner, imported):
    assert run("undo_import", uuid4()).code == 2
    ImportRun.objects.update(state="running")
    assert run("undo_import", imported.summary["run"]).code == 2
