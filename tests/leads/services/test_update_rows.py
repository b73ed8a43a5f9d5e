"""Updates in the database: what they write, lock and record."""

import pytest
from django.db import transaction

from conversations.models import Conversation, Customer
from leads.models import ImportChange, ImportRun, Lead
from leads.services.file_rows import UPDATE, Imported, check_rows
from leads.services.import_rows import import_leads
from tests.factories import Business

PHONE = "+4915100000001"


@pytest.fixture
def import_run(owner: Business) -> ImportRun:
    return ImportRun.objects.create(user=owner.user, file_name="a.csv")


def update(run: ImportRun, *said: dict[str, str]) -> Imported:
    rows = check_rows(said, defaults={"type": "inquiry", "status": "lost"}, on_duplicate=UPDATE)
    with transaction.atomic():
        return import_leads(user_id=run.user_id, rows=rows, source="import", on_duplicate=UPDATE, import_run_id=run.pk)


def test_it_records_what_the_first_batch_replaced_and_the_last_one_wrote(owner, import_run):
    lead_id = owner.has_lead(customer_phone=PHONE, customer_name="Anna", details="Cake", external_id="a").lead_id
    first = Lead.objects.get().updated_at
    update(import_run, {"external_id": "a", "details": "Bread", "customer_name": "Bert"})
    update(import_run, {"external_id": "a", "details": "Rolls", "status": "contacted", "customer_name": "Carl"})
    update(import_run, {"external_id": "a", "details": "Rolls"})
    of_lead = ImportChange.objects.get(lead=lead_id)
    assert of_lead.before == {"details": "Cake", "status": "new"}
    assert of_lead.after == {"details": "Rolls", "status": "contacted"}
    assert (of_lead.times, of_lead.lead_updated_at) == (2, first)
    of_customer = ImportChange.objects.exclude(pk=of_lead.pk).get()
    assert (of_customer.before, of_customer.after) == ({"name": "Anna"}, {"name": "Carl"})


def test_the_records_go_with_the_run_and_with_the_customer(owner, import_run):
    owner.has_lead(customer_phone=PHONE, customer_name="Anna", details="Cake", external_id="a")
    update(import_run, {"external_id": "a", "details": "Bread", "customer_name": "Bert"})
    assert ImportChange.objects.count() == 2
    for model in (Lead, Conversation, Customer):
        model._default_manager.all()._raw_delete("default")
    assert not ImportChange.objects.exists()


def test_the_customer_of_a_lead_with_an_id_is_found_without_phone_also_where_it_is_hidden(owner, import_run):
    owner.has_lead(customer_phone=PHONE, details="Cake", external_id="a")
    Customer.objects.update(phone=None, whatsapp_user_id="DE.1", name="Anna")
    imported = update(import_run, {"external_id": "a", "details": "Bread", "customer_name": "Bert"})
    assert (imported.updated, imported.errors) == (1, {})
    assert (Lead.objects.get().details, Customer.objects.get().name) == ("Bread", "Bert")
    imported = update(import_run, {"external_id": "a", "customer_phone": PHONE, "details": "Cake"})
    assert [error.field for error in imported.errors.values()] == ["external_id"]


def test_a_refused_row_makes_no_customer(owner, import_run):
    imported = update(import_run, {"customer_phone": PHONE, "status": "new"}, {"external_id": "b", "details": "Cake"})
    assert (imported.created, sorted(imported.errors)) == (0, [0, 1])
    assert owner.row_counts() == (0, 0, 0)


def test_a_thousand_updates_take_as_many_statements_as_one(owner, import_run, django_assert_max_num_queries):
    for number in range(200):
        owner.has_lead(customer_phone=f"+49151{number:08}", external_id=f"a{number}")
    said = [{"external_id": f"a{n}", "details": "Bread", "customer_name": f"New {n}"} for n in range(200)]
    said += [{"customer_phone": f"+49152{n:08}", "customer_name": "New", "details": f"Cake {n}"} for n in range(200)]
    said += [{"customer_phone": f"+49153{n:08}", "details": f"Cake {n}"} for n in range(200)]
    with django_assert_max_num_queries(15):
        imported = update(import_run, *said)
    assert (imported.created, imported.updated, len(imported.errors)) == (200, 200, 200)


def test_another_business_is_not_touched(owner, stranger, import_run):
    stranger.has_lead(customer_phone=PHONE, customer_name="Anna", details="Cake", external_id="a")
    imported = update(import_run, {"external_id": "a", "customer_phone": PHONE, "customer_name": "B", "details": "X"})
    assert imported.created == 1
    assert Lead.objects.get(user=stranger.user).details == "Cake"
    assert Customer.objects.get(user=stranger.user).name == "Anna"
