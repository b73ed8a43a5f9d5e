"""manage.py import_leads: rows, options, repeated files, and errors."""

import csv
import io
import subprocess
import sys
from typing import Any, cast

import pytest

from conversations.models import Conversation, Customer
from leads.models import ImportRun, Lead
from tests.factories import NOTHING, Business
from tests.leads.importing.operator import counts, import_leads, run, write
from tests.leads.lead_cases import BAD, GOOD
from tests.leadsite.workers import variables
from tests.site import REPOSITORY

AMINA = "+4915123456789,Amina,order,A lemon cake,"
BRUNO = "+4915198765432,Bruno,booking,A table,"


def refused(errors):
    """The rows of an errors file."""
    return list(csv.DictReader(io.StringIO(errors.read_text(encoding="utf-8-sig"), newline="")))


def test_each_row_becomes_a_lead_with_its_conversation(owner: Business, tmp_path):
    result = import_leads(owner, write(tmp_path / "old.csv", AMINA, BRUNO))
    assert (result.code, result.counts) == (0, counts(created=2))
    assert owner.row_counts() == (2, 2, 2)
    lead = Lead.objects.get(details="A lemon cake")
    assert (lead.type, lead.status, lead.source) == ("order", "new", "import")
    assert lead.conversation.customer.name == "Amina"
    finished = ImportRun.objects.get()
    assert (finished.state, finished.created, finished.read, finished.file_name) == ("finished", 2, 2, "old.csv")


def test_a_second_run_of_the_same_file_creates_nothing(owner, tmp_path):
    file = write(tmp_path / "old.csv", AMINA, BRUNO, "+49,x,order,,")
    assert import_leads(owner, file).counts == counts(created=2, failed=1)
    # The details have been changed since, so a comparison by details would not find this lead.
    Lead.objects.filter(details="A table").update(details="A table by the window")
    assert import_leads(owner, file).counts == counts(skipped=2, failed=1)
    assert import_leads(owner, file, "--again").counts == counts(created=1, skipped=1, failed=1)


def test_the_same_rows_in_another_file_are_skipped(owner, tmp_path):
    import_leads(owner, write(tmp_path / "a.csv", AMINA, BRUNO))
    result = import_leads(owner, write(tmp_path / "b.csv", BRUNO, AMINA, AMINA, "+4915123456789,Amina,order,Bread,"))
    assert result.counts == counts(created=1, skipped=3)
    assert owner.row_counts() == (2, 2, 3)


@pytest.mark.parametrize(
    ("on_duplicate", "expected", "details", "name"),
    [
        ("skip", counts(skipped=2), "A lemon cake", "Amina"),
        ("update", counts(updated=2), "Two lemon cakes", "Amina B."),
        ("create", counts(failed=2), "A lemon cake", "Amina"),
    ],
)
def test_an_existing_external_id_is_skipped_updated_or_refused(owner, tmp_path, on_duplicate, expected, details, name):
    import_leads(owner, write(tmp_path / "a.csv", AMINA + "crm-1"))
    second_file = write(
        tmp_path / "b.csv",
        "+4915123456789,Amina A.,order,Three lemon cakes,crm-1",
        "+4915123456789,Amina B.,order,Two lemon cakes,crm-1",
    )
    assert import_leads(owner, second_file, "--on-duplicate", on_duplicate).counts == expected
    lead = Lead.objects.get()
    assert (lead.details, lead.conversation.customer.name) == (details, name)


@pytest.mark.parametrize("on_duplicate", ["skip", "update", "create"])
def test_another_customers_external_id_is_refused_and_leaves_no_customer(owner, tmp_path, on_duplicate):
    import_leads(owner, write(tmp_path / "a.csv", AMINA + "crm-1", "+4915100000001,Carla,order,Bread,crm-2"))
    file = write(tmp_path / "b.csv", BRUNO + "crm-1", "+4915100000002,Dora,order,Bread,crm-3", BRUNO + "crm-3")
    result = import_leads(owner, file, "--on-duplicate", on_duplicate, "--errors", tmp_path / "errors.csv")
    assert result.counts == counts(created=1, failed=2)
    assert not Customer.objects.filter(name="Bruno").exists()
    assert Lead.objects.get(external_id="crm-1").details == "A lemon cake"


def test_equal_rows_are_one_lead_and_with_update_the_last_row_is_used(owner, tmp_path):
    rows = ["+4915123456789,Amina,order,Bread,a", "+4915123456789,Bea,booking,Cake,a", BRUNO, BRUNO]
    assert import_leads(owner, write(tmp_path / "skip.csv", *rows)).counts == counts(created=2, skipped=2)
    assert Lead.objects.get(external_id="a").details == "Bread"
    rows = [row.replace(",a", ",b") for row in rows[:2]]
    result = import_leads(owner, write(tmp_path / "update.csv", *rows), "--on-duplicate", "update")
    assert result.counts == counts(created=1, updated=1)
    last = Lead.objects.get(external_id="b")
    assert (last.details, last.type, last.conversation.customer.name) == ("Cake", "booking", "Bea")


def test_a_customers_name_is_filled_and_not_replaced(owner, tmp_path):
    owner.has_lead(customer_phone="+4915123456789", customer_name="Amina Keller")
    import_leads(owner, write(tmp_path / "a.csv", AMINA), "--on-duplicate", "create")
    assert Customer.objects.get().name == "Amina Keller"
    Customer.objects.update(name="")
    import_leads(owner, write(tmp_path / "b.csv", "+4915123456789,Amina,order,Bread,"))
    assert Customer.objects.get().name == "Amina"


def test_a_lead_joins_the_customers_active_conversation(owner, tmp_path):
    before = owner.has_lead(customer_phone="+4915123456789")
    import_leads(owner, write(tmp_path / "a.csv", AMINA))
    assert set(Lead.objects.values_list("conversation_id", flat=True)) == {before.conversation_id}
    assert Conversation.objects.count() == 1


def test_the_rules_are_those_of_the_other_entry_points(owner, tmp_path):
    # A file may say Order; an empty cell says nothing, and a lead without type is an inquiry.
    lenient = {"type in capitals", "empty status", "no type", "empty type"}
    # A customer may have no name, "won" is translated, and a file may have other digits.
    lenient |= {"no name", "empty name", "blank name", "invisible name", "unknown status", "a phone in Arabic digits"}
    bodies = [case.body for name, case in BAD.items() if name not in lenient and None not in case.fields.values()]
    names = ["customer_phone", "customer_name", "type", "details", "status", "external_id"]
    with (tmp_path / "bad.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(bodies)
    assert import_leads(owner, tmp_path / "bad.csv").counts == counts(failed=len(bodies))
    assert owner.row_counts() == NOTHING

    with (tmp_path / "good.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for number, fields in enumerate(GOOD.values()):
            values = cast(dict[str, Any], fields)
            texts = {name: value for name, value in values.items() if isinstance(value, str)}
            default = {"customer_phone": f"+1234567{number:04}", "customer_name": "John", "type": "order"}
            writer.writerow(default | texts)
    result = import_leads(owner, tmp_path / "good.csv")
    assert (result.code, result.summary["created"]) == (0, len(GOOD)), result.error


def test_refused_rows_can_be_corrected_and_imported(owner, tmp_path):
    errors = tmp_path / "errors.csv"
    file = write(tmp_path / "a.csv", AMINA, "0151 2345678,Bruno,order,=1+1,", "+4915100000001,Carla,cake,Bread,")
    assert import_leads(owner, file, "--errors", errors).code == 1
    rows = refused(errors)
    assert [(row["line"], row["field"]) for row in rows] == [("3", "customer_phone"), ("4", "type")]
    assert rows[0]["Notes"] == "'=1+1"
    assert "must be one of order, booking, inquiry" in rows[1]["reason"].lower()
    fixed = errors.read_text(encoding="utf-8-sig").replace("0151 ", "+49151").replace(",cake,", ",order,")
    (tmp_path / "fixed.csv").write_text(fixed, encoding="utf-8")
    assert import_leads(owner, tmp_path / "fixed.csv").counts == counts(created=2)
    assert Lead.objects.get(conversation__customer__name="Bruno").details == "=1+1"


def test_defaults_fill_empty_cells(owner, tmp_path):
    file = write(tmp_path / "a.csv", "0151 2345678,Amina,", "0152 2345678,Bruno,BOOKING ", header="mobile,name,type")
    result = import_leads(
        owner, file, "--type", "inquiry", "--status", "contacted", "--region", "de", "--source", "manual"
    )
    assert result.counts == counts(created=2)
    assert set(Lead.objects.values_list("type", "status", "source", "conversation__customer__phone")) == {
        ("inquiry", "contacted", "manual", "+491512345678"),
        ("booking", "contacted", "manual", "+491522345678"),
    }


def test_a_dry_run_has_the_counts_of_the_import_and_stores_nothing(owner, tmp_path):
    file = write(tmp_path / "a.csv", AMINA, BRUNO, AMINA, "+49,x,order,,", BRUNO + "crm-1", BRUNO + "crm-1")
    errors = tmp_path / "errors.csv"
    dry = import_leads(owner, file, "--dry-run", "--batch-size", 2, "--errors", errors)
    assert owner.row_counts() == NOTHING
    assert not ImportRun.objects.exists()
    assert errors.exists()
    assert dry.counts == import_leads(owner, file, "--batch-size", 2).counts == counts(created=3, skipped=2, failed=1)


def test_atomic_stores_all_or_nothing(owner, tmp_path):
    errors = tmp_path / "errors.csv"
    file = write(tmp_path / "a.csv", AMINA, BRUNO, "+49,x,order,,")
    result = import_leads(owner, file, "--atomic", "--batch-size", 1, "--errors", errors)
    assert result.code == 2
    assert "nothing was stored" in result.error
    assert owner.row_counts() == NOTHING
    assert len(refused(errors)) == 1
    assert ImportRun.objects.get().state == "failed"
    result = import_leads(owner, write(tmp_path / "b.csv", AMINA, BRUNO), "--atomic", "--batch-size", 1)
    assert (result.code, result.counts) == (0, counts(created=2))


def test_two_businesses_import_the_same_file(owner, stranger, tmp_path):
    file = write(tmp_path / "a.csv", AMINA + "crm-1", BRUNO)
    assert import_leads(owner, file).counts == import_leads(stranger, file).counts == counts(created=2)
    assert owner.row_counts() == stranger.row_counts() == (2, 2, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a;b\n1;2\n", "No column for customer_phone"),
        ("phone,name,type\n+4915123456789,Jos\xe9,order\n".encode("latin-1"), "--encoding"),
        (b'phone,name,type\n+49,"Amina,order\n', "quote"),
        (b"PK\x03\x04 no workbook", "workbook"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_with_the_reason(owner, tmp_path, content, message):
    (tmp_path / "odd.csv").write_bytes(content)
    result = import_leads(owner, tmp_path / "odd.csv")
    assert result.code == 2
    assert message in result.error, result.error
    assert owner.row_counts() == NOTHING


def test_an_import_that_cannot_run_is_an_error_with_the_reason(owner, tmp_path):
    file = write(tmp_path / "a.csv", AMINA)
    (tmp_path / "folder").mkdir()
    for arguments, message in [
        ([tmp_path / "none.csv"], "No such file"),
        ([tmp_path / "folder"], "directory"),
        ([file, "--map", "Fax=details"], "no column “Fax”"),
        ([file, "--map", "Phone"], "COLUMN=FIELD"),
        ([file, "--region", "XX"], "no region"),
        ([file, "--batch-size", "0"], "--batch-size"),
        ([file, "--errors", file], "the imported file itself"),
        ([file, "--resume", "--atomic"], "--resume"),
        ([file, "--errors", tmp_path / "none" / "errors.csv"], "No such file"),
    ]:
        result = import_leads(owner, *arguments)
        assert result.code == 2, result
        assert message in result.error, result.error
    assert run("import_leads", file, "--user", "nobody@example.com").code == 2
    assert owner.row_counts() in (NOTHING, (1, 1, 1))  # in the last case only the errors file is invalid


@pytest.mark.django_db(transaction=True)
def test_it_reads_standard_input_and_prints_lines_without_a_terminal(owner, tmp_path):
    result = subprocess.run(
        [sys.executable, "manage.py", "import_leads", "-", "--user", owner.user.email, "--errors", tmp_path / "e.csv"],
        check=False,
        cwd=REPOSITORY,
        env=variables(tmp_path),
        input="\n".join(["phone;name;type", "+4915123456789;Amina;order", "12;Bruno;order"]),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stderr
    assert "1  created" in result.stdout
    assert "line 3: customer_phone:" in result.stderr
    assert "Traceback" not in result.stderr
    assert ImportRun.objects.get().file_name == "-"
    assert (tmp_path / "e.csv").exists()


def test_a_file_whose_name_is_no_utf_8_is_imported(owner, tmp_path):
    """As Windows and old archives leave them: b"M\\xe4rz.csv"."""
    file = write(tmp_path / "M\udce4rz.csv", "+4915100000001,Amina,order,Cake,")
    assert import_leads(owner, file).code == 0
    assert ImportRun.objects.get().file_name.endswith("rz.csv")
