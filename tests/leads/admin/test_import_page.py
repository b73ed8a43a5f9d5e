"""The page of an import: the file of refused rows."""

import csv
import io

import pytest
from django.utils import translation

from leads.admin.import_page import changes_table
from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leads.uploading import decide, run_worker, the_run, upload
from tests.staff import Staff, address, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_refused_rows_are_quoted_and_can_be_imported_again(staff):
    upload(staff, "name,phone,type,details\n=cmd(),nonsense,order,+1\n")
    decide(staff, "import")
    run_worker()

    response = staff.get(address("refused", the_run()))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "leads-refused.csv" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text))
    assert header == ["name", "phone", "type", "details", "line", "field", "reason"]
    assert row[:6] == ["'=cmd()", "nonsense", "order", "'+1", "2", "customer_phone"]
    ImportRun.objects.all().delete()
    upload(staff, text.replace("nonsense", "+4915100000009"))
    decide(staff, "import")
    run_worker()
    assert Lead.objects.get().details == "+1"


OUTLOOK = (
    "Title,Suffix,Web Page,Gender,Birthday,Location,Mobile Phone,First Name\n,,,,,,+4915100000009,{}\n,,,,,,12,Zo\n"
)


def test_of_a_wide_file_the_columns_that_are_read_are_shown_first(staff):
    upload(staff, OUTLOOK.format("Mia"))
    page = staff.get(address("change", the_run()))
    names = [name for name, _ in page.context["preview_columns"]]
    assert names[:3] == ["Mobile Phone", "First Name", "Title"]
    assert [cells[:3] for _, cells, _ in page.context["preview_rows"]] == [
        ["+4915100000009", "Mia", ""],
        ["12", "Zo", ""],
    ]
    assert "The columns that are read are shown first." in page.content.decode()
    decide(staff, "import")
    run_worker()
    assert Lead.objects.get().conversation.customer.name == "Mia"


def test_of_a_narrow_file_the_columns_stay_in_their_order(staff):
    upload(staff, "Title,Name,Phone\n,Mia,+4915100000009\n")
    page = staff.get(address("change", the_run()))
    assert [name for name, _ in page.context["preview_columns"]] == ["Title", "Name", "Phone"]
    assert "shown first" not in page.content.decode()


def test_a_button_reads_a_file_in_the_encoding_that_the_message_names(staff):
    upload(staff, OUTLOOK.format("Zoë").encode("cp1252"))
    page = staff.get(address("change", the_run())).content.decode()
    assert "Line 2 is not UTF-8 text" in page
    assert "Read it as Windows, western Europe and America (cp1252)" in page
    decide(staff, "", choose_encoding="cp1252")
    page = staff.get(address("change", the_run())).content.decode()
    assert "Zoë" in page
    assert "Read it as" not in page


def test_a_preview_says_what_an_earlier_import_means_before_anything_was_chosen(staff):
    file = "Phone,Name\n+4915100000009,Mia\n12,Zo\n"
    upload(staff, file)
    decide(staff, "import")
    run_worker()
    page = upload(staff, file).content.decode()
    assert "was imported on" in page
    assert "The rows that were stored then are skipped" in page


def test_what_an_update_would_change_is_in_the_language_of_the_page() -> None:
    changes = {"type": ["order", "booking"], "status": ["new", "lost"], "details": ["order", ""]}
    run = ImportRun(state="preview", trial={"changes": [{"line": 2, "changes": changes}], "changed_fields": {}})
    with translation.override("de"):
        table = changes_table(run)
    assert table is not None
    assert [row[2:] for row in table["rows"]] == [("Bestellung", "Buchung"), ("Neu", "Verloren"), ("order", "")]
