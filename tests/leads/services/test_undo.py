"""Undo of updates: what has been changed since stays."""

import pytest

from conversations.models import Customer
from leads.models import ImportChange, ImportRun, Lead
from tests.factories import Business
from tests.leads.importing.operator import import_leads, run, write

ROWS = ["a,+4915100000001,Anna B.,contacted,Two cakes", "b,+4915100000002,Bert B.,lost,Rolls"]
HEADER = "External ID,Phone,Name,Status,Notes"


@pytest.fixture
def updated(owner: Business, tmp_path) -> str:
    owner.has_lead(customer_phone="+4915100000001", customer_name="Anna", details="Cake", external_id="a")
    owner.has_lead(customer_phone="+4915100000002", customer_name="Bert", details="Bread", external_id="b")
    file = write(tmp_path / "a.csv", *ROWS, header=HEADER)
    return str(import_leads(owner, file, "--on-duplicate", "update", "--batch-size", 1).summary["run"])


def test_updated_leads_and_names_are_given_back(owner, updated):
    result = run("undo_import", updated)
    assert (result.code, result.summary["restored"], result.summary["names_restored"]) == (0, 2, 2)
    assert set(Lead.objects.values_list("details", "status")) == {("Cake", "new"), ("Bread", "new")}
    assert set(Customer.objects.values_list("name", flat=True)) == {"Anna", "Bert"}
    assert ImportRun.objects.get().state == "undone"
    assert not ImportChange.objects.exists()
    assert run("undo_import", updated).summary["restored"] == 0


def test_what_was_changed_since_stays_and_is_counted(owner, updated):
    Lead.objects.filter(external_id="a").update(details="Three cakes")
    Customer.objects.filter(name="Bert B.").update(name="Bertram")
    for _ in range(2):
        result = run("undo_import", updated)
        assert (result.code, result.summary["kept_changes"], result.summary["names_kept"]) == (1, 1, 1)
        assert "1 updated lead keeps what has been changed since." in result.error
    first = Lead.objects.get(external_id="a")
    assert (first.details, first.status) == ("Three cakes", "new")
    assert set(Customer.objects.values_list("name", flat=True)) == {"Anna", "Bertram"}


def test_a_lead_that_the_run_created_and_updated_is_removed(owner, tmp_path):
    rows = ["a,+4915100000001,Anna,new,Cake", "a,+4915100000001,Anna B.,contacted,Two cakes"]
    file = write(tmp_path / "a.csv", *rows, header=HEADER)
    imported = import_leads(owner, file, "--on-duplicate", "update", "--batch-size", 1).summary
    assert (imported["created"], imported["updated"]) == (1, 1)
    result = run("undo_import", imported["run"])
    assert (result.code, result.summary["removed"]) == (0, 1)
    assert owner.row_counts() == (0, 0, 0)


def test_a_name_that_was_filled_is_blank_again(owner, tmp_path):
    owner.has_lead(customer_phone="+4915100000001")
    Customer.objects.update(name="")
    imported = import_leads(owner, write(tmp_path / "a.csv", "b,+4915100000001,Anna,,Cake", header=HEADER)).summary
    assert Customer.objects.get().name == "Anna"
    assert run("undo_import", imported["run"]).summary["names_restored"] == 1
    assert Customer.objects.get().name == ""


@pytest.mark.django_db(transaction=True)
def test_leads_that_keep_the_date_of_the_file_are_removed_with_their_conversations(owner, tmp_path):
    rows = ["a,+4915100000001,Anna,new,2020-05-01", "b,+4915100000001,Anna,new,2020-06-01"]
    file = write(tmp_path / "a.csv", *rows, header="External ID,Phone,Name,Status,created_time")
    imported = import_leads(owner, file, "--keep-dates").summary
    assert imported["created"] == 2
    assert run("undo_import", imported["run"]).code == 0
    assert owner.row_counts() == (0, 0, 0)
