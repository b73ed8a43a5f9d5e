"""manage.py import_leads --on-duplicate update: files as people have them."""

from pathlib import Path

from django.core.management import call_command

from conversations.models import Customer
from leads.models import Lead
from tests.leads.importing.operator import counts, import_leads, run, write

FIRST = [
    '+4915123430001,Una Full,order,"Wedding cake, three tiers, no nuts",U-1,qualified',
    "+4915123430002,Dora Full,booking,Table for six on Friday,U-2,converted",
    "+4915123430003,Tria Full,inquiry,Asked for gluten free,U-3,contacted",
]
UPDATE = ("--on-duplicate", "update")


def first(owner, tmp_path: Path) -> None:
    header = "Phone,Name,Type,Notes,External ID,Status"
    assert import_leads(owner, write(tmp_path / "first.csv", *FIRST, header=header)).counts == counts(created=3)


def stored() -> dict[str | None, tuple[str, str, str]]:
    return {lead.external_id: (lead.type, lead.details, lead.status) for lead in Lead.objects.all()}


def test_a_file_without_details_and_status_keeps_them(owner, tmp_path):
    first(owner, tmp_path)
    before = stored()
    rows = [
        "U-1,+4915123430001,Una Full,order",
        "U-2,+4915123430002,Dora Full,booking",
        "U-3,+4915123430003,Tria,order",
    ]
    result = import_leads(owner, write(tmp_path / "a.csv", *rows, header="External ID,Phone,Name,Type"), *UPDATE)
    assert (result.code, result.counts) == (0, counts(updated=1, skipped=2))
    assert stored() == before | {"U-3": ("order", "Asked for gluten free", "contacted")}
    assert Customer.objects.filter(name="Tria").exists()


def test_a_file_without_type_or_of_status_alone_changes_the_rest_only(owner, tmp_path):
    first(owner, tmp_path)
    before = stored()
    notes = write(tmp_path / "a.csv", "U-3,+4915123430003,,Gluten free bread", header="External ID,Phone,Name,Notes")
    assert import_leads(owner, notes, *UPDATE, "--type", "order", "--status", "new").counts == counts(updated=1)
    status = write(tmp_path / "b.csv", "U-1,contacted", "U-2,contacted", "U-9,new", header="External ID,Status")
    errors = tmp_path / "errors.csv"
    result = import_leads(owner, status, *UPDATE, "--errors", errors)
    assert (result.code, result.counts) == (1, counts(updated=1, failed=2))
    assert "A lead that is converted cannot become contacted; it can become lost." in errors.read_text("utf-8-sig")
    assert stored() == before | {
        "U-1": ("order", "Wedding cake, three tiers, no nuts", "contacted"),
        "U-3": ("inquiry", "Gluten free bread", "contacted"),
    }
    assert set(Customer.objects.values_list("name", flat=True)) == {"Una Full", "Dora Full", "Tria Full"}


def test_without_external_id_the_customers_only_lead_is_updated_and_of_several_none(owner, tmp_path):
    first(owner, tmp_path)
    owner.has_lead(customer_phone="+4915123430003", customer_name="Tria Full", type="order", details="Rolls")
    file = write(
        tmp_path / "a.csv", "+4915123430001,lost", "+4915123430003,lost", "+4915123430009,", header="Phone,Status"
    )
    result = import_leads(owner, file, *UPDATE)
    # An unknown number is a new lead, as in every import.
    assert (result.code, result.counts) == (1, counts(created=1, updated=1, failed=1))
    assert stored()["U-1"][2] == "lost"
    assert stored()["U-3"][2] == "contacted"


def test_blank_cells_keep_the_details_and_clear_them_where_asked(owner, tmp_path):
    first(owner, tmp_path)
    blank = write(
        tmp_path / "a.csv", "U-1,+4915123430001, ", "U-2,+4915123430002,New", header="External ID,Phone,Notes"
    )
    assert import_leads(owner, blank, *UPDATE).counts == counts(updated=1, skipped=1)
    assert stored()["U-1"][1].startswith("Wedding")
    cleared = import_leads(owner, blank, *UPDATE, "--blank-clears", "details")
    assert cleared.counts == counts(updated=1, skipped=1)
    assert (stored()["U-1"][1], stored()["U-2"][1]) == ("", "New")
    absent = write(tmp_path / "b.jsonl", '{"external_id": "U-2", "details": "New"}', header='{"external_id": "U-3"}')
    assert import_leads(owner, absent, *UPDATE, "--blank-clears", "details").counts == counts(skipped=2)
    assert stored()["U-3"][1] == "Asked for gluten free"
    assert run("undo_import", cleared.summary["run"]).code == 0
    assert stored()["U-1"][1].startswith("Wedding")


def test_a_dash_replaces_nothing(owner, tmp_path):
    """As people and programs write into a cell that has no value."""
    first(owner, tmp_path)
    before = stored()
    file = write(tmp_path / "a.csv", "U-1,-,n/a,NULL", "U-2,N/A,\u2014,none", header="External ID,Name,Notes,Status")
    assert import_leads(owner, file, *UPDATE).counts == counts(skipped=2)
    assert stored() == before


def test_a_dry_run_prints_what_would_change(owner, tmp_path, capsys):
    first(owner, tmp_path)
    file = write(tmp_path / "a.csv", "U-1,contacted,Sponge cake", header="External ID,Status,Notes")
    call_command("import_leads", str(file), "--user", owner.user.email, *UPDATE, "--dry-run")
    printed = capsys.readouterr().out
    assert (
        "line 2: status qualified -> contacted, details “Wedding cake, three tiers, no nuts” -> “Sponge cake”"
        in printed
    )


def test_two_updates_change_what_they_say_and_the_undo_of_one_keeps_the_other(owner, tmp_path):
    first(owner, tmp_path)
    before = stored()
    row = "U-3,+4915123430003,Tria Full,Asked for gluten free bread"
    notes = write(tmp_path / "a.csv", row, header="External ID,Phone,Name,Notes")
    assert import_leads(owner, notes, *UPDATE).counts == counts(updated=1)
    row = "U-1,+4915123430001,Una Full,order,contacted"
    status = write(tmp_path / "b.csv", row, header="External ID,Phone,Name,Type,Status")
    result = import_leads(owner, status, *UPDATE)
    assert result.counts == counts(updated=1)
    changed = {"U-3": ("inquiry", "Asked for gluten free bread", "contacted")}
    assert stored() == before | changed | {"U-1": ("order", "Wedding cake, three tiers, no nuts", "contacted")}
    assert run("undo_import", result.summary["run"]).code == 0
    assert stored() == before | changed
