"""Files with local phone numbers, by command and in the admin: refused with the country to name, then read with it."""

from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

from conversations.models import Customer
from leads.models import ImportRefusal, ImportRun, Lead
from tests.factories import Business
from tests.leads.importing.operator import counts, import_leads
from tests.leads.uploading import decide, run_worker, the_run, upload
from tests.staff import address, staff_of

pytestmark = pytest.mark.django_db

GERMAN = ("15123460001", "15734660002", "17634660003", "16023460004", "15202460005")
HEADER = "Telefon;Name;Art;Bemerkung"


def german(*cells: str) -> str:
    return "\n".join([HEADER, *(f"{cell};Kunde {number};order;" for number, cell in enumerate(cells, 1))]) + "\n"


def german_file(folder: Path, *cells: str) -> Path:
    file = folder / "kunden.csv"
    file.write_text(german(*cells), encoding="utf-8")
    return file


def phones() -> set[str | None]:
    return set(Customer.objects.values_list("phone", flat=True))


def reasons() -> Counter[str]:
    return Counter(ImportRefusal.objects.values_list("reason", flat=True))


def test_numbers_without_their_zero_are_no_numbers_of_the_united_states(owner: Business, tmp_path: Path) -> None:
    file = german_file(tmp_path, *GERMAN)
    assert import_leads(owner, file, "--dry-run").counts == counts(failed=5)
    refused = import_leads(owner, file)
    assert (refused.code, refused.counts) == (1, counts(failed=5))
    assert "Numbers have no country code. 5 of 5 numbers are valid in DE or US" in " ".join(refused.summary["notes"])
    (reason,) = reasons()
    assert "5 of 5 numbers are valid in DE" in reason
    assert "--region DE" in reason

    assert import_leads(owner, file, "--region", "DE", "--again").counts == counts(created=5)
    assert phones() == {f"+49{cell}" for cell in GERMAN}


def test_numbers_with_country_code_alone_need_no_region(owner: Business, tmp_path: Path) -> None:
    file = german_file(tmp_path, "4915123400110", "5215512340111", "+4915123400112", "447911123456")
    assert import_leads(owner, file).counts == counts(created=4)
    assert phones() == {"+4915123400110", "+5215512340111", "+4915123400112", "+447911123456"}


def test_the_judgment_needs_no_file_that_can_be_read_twice(owner: Business, monkeypatch, tmp_path: Path) -> None:
    with german_file(tmp_path, *GERMAN).open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert import_leads(owner, "-").counts == counts(failed=5)
    assert list(reasons().values()) == [5]


def test_a_run_that_is_resumed_is_judged_by_the_first_rows(owner: Business, tmp_path: Path) -> None:
    """By its last row alone, the number is one of Germany; the column says that it is none."""
    file = german_file(tmp_path, *["0151 23460001"] * 9, "4915123400110")
    assert import_leads(owner, file, "--batch-size", 1).counts == counts(failed=10)
    before = reasons()
    stopped = ImportRun.objects.get()
    ImportRefusal.objects.order_by("-line")[:1].get().delete()
    ImportRun.objects.update(state="interrupted", read=9, failed=9)

    assert import_leads(owner, file, "--batch-size", 1, "--resume").counts == counts(failed=10)
    assert (reasons(), ImportRun.objects.get().pk) == (before, stopped.pk)


def test_the_first_of_several_numbers_is_used_and_the_summary_says_so(owner: Business, tmp_path: Path, capsys) -> None:
    file = german_file(
        tmp_path,
        "+49 1512 3400002 ::: +49 1512 3400003",
        "p:+4915123400030",
        "12 / +4915123400031",
        "+49 1512/3410040",
    )
    call_command("import_leads", str(file), "--user", owner.user.email)
    assert "1 cell has several phone numbers: the first usable one is the customer's." in capsys.readouterr().out
    assert phones() == {"+4915123400002", "+4915123400030", "+4915123400031", "+4915123410040"}


def test_the_preview_offers_the_country(owner: Business) -> None:
    staff = staff_of(owner)
    page = upload(
        staff, german("01512 3460001", "0157 34660002", "+4917634660003", "+49 1512 3400002, +4930123456")
    ).content
    assert b"2 phone numbers have no country code; 2 of 2 are valid in Germany (DE)" in page
    assert b"1 cell has several phone numbers" in page
    assert b"choose Germany (DE) as the country of the numbers" in page
    assert b"--region" not in page

    decide(staff, "", choose_region="DE")
    assert the_run().options["region"] == "DE"
    page = staff.get(address("change", the_run())).content
    assert b"no country code" not in page
    assert b"+4915123460001" in page

    decide(staff, "import")
    run_worker()
    assert phones() == {"+4915123460001", "+4915734660002", "+4917634660003", "+4915123400002"}


def test_the_preview_offers_several_countries(owner: Business) -> None:
    staff = staff_of(owner)
    page = upload(staff, german(*GERMAN)).content
    assert b"5 of 5 are valid in Germany (DE) or United States (US)" in page
    assert b"Choose United States (US) as the country of the numbers" in page


def test_an_upload_is_refused_as_its_preview_says(owner: Business) -> None:
    staff = staff_of(owner)
    upload(staff, german(*GERMAN))
    decide(staff, "try")
    run_worker()
    assert "5 rows: 5 refused" in staff.get(address("change", the_run())).content.decode()
    decide(staff, "import")
    run_worker()
    assert (the_run().failed, Lead.objects.count(), list(reasons().values())) == (5, 0, [5])


def test_a_file_of_a_header_alone_says_so(owner: Business, tmp_path: Path) -> None:
    result = import_leads(owner, german_file(tmp_path))
    assert (result.code, result.counts) == (0, counts())
    assert "The file has a header and no rows." in result.summary["notes"]


def test_the_next_phone_of_the_row_is_used_where_the_first_would_be_refused(owner: Business, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(
        "Mobile,Business Phone,Name\n15123460001,+49 30 123456,Ann\n+4915123460002,+49 30 123457,Bo\n12,34,Cy\n",
        encoding="utf-8",
    )
    result = import_leads(owner, file)
    assert (result.code, result.counts) == (1, counts(created=2, failed=1))
    assert phones() == {"+4930123456", "+4915123460002"}
    told = "In 1 row the number of the first phone column cannot be used: that of another is."
    assert told in result.summary["notes"]
