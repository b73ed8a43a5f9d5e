"""Columns of other programs' files, by the command: values, several columns, dates, and what is said about them."""

from datetime import UTC, datetime

import pytest

from conversations.models import Conversation, Customer
from leads.models import Lead
from tests.factories import Business
from tests.leads.importing.operator import CommandResult, counts, import_leads, run, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def imported(owner: Business, tmp_path):
    def _import(header: str, *rows: str, options: tuple[str, ...] = ()) -> CommandResult:
        return import_leads(owner, write(tmp_path / "a.csv", *rows, header=header), *options)

    return _import


def test_a_guessed_column_with_other_values_is_left_unread(imported):
    result = imported("Phone,Name,lead_status", "+4915123400030,Mara,CREATED", "+4915123400031,Noah,complete")
    assert (result.code, result.counts) == (0, counts(created=2))
    assert set(Lead.objects.values_list("status", "type")) == {("new", "inquiry")}
    assert any("“lead_status” is not read" in note for note in result.summary["notes"])
    assert result.summary["not_read"] == ["lead_status"]


def test_values_are_translated_and_the_unknown_ones_among_them_refused(imported):
    rows = ("+4915123400030,Working - Contacted", "+4915123400031,Closed Won", "+4915123400032,Working")
    result = imported("Phone,Lead Status", *rows)
    assert (result.code, result.counts) == (1, counts(created=2, failed=1))
    assert sorted(Lead.objects.values_list("status", flat=True)) == ["contacted", "converted"]

    result = imported("Phone,Lead Status", *rows, options=("--again", "--map-value", "status:Working=contacted"))
    assert result.code == 0, result.error
    assert sorted(Lead.objects.values_list("status", flat=True)) == ["contacted", "contacted", "converted"]


def test_a_column_that_was_mapped_is_never_left_unread(imported):
    result = imported("Phone,State", "+4915123400030,CA", "+4915123400031,new", options=("--map", "State=status"))
    assert result.counts == counts(created=1, failed=1)


def test_a_column_is_ignored(imported):
    imported("Phone,Name,Status", "+4915123400030,Mara,lost", options=("--ignore", "status"))
    assert Lead.objects.get().status == "new"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--map-value", "Working=contacted"), "takes FIELD:VALUE=OURS"),
        (("--map-value", "details:Working=contacted"), "takes FIELD:VALUE=OURS"),
        (("--map-value", "status:Working=calling"), "status must be one of new, contacted"),
        (("--ignore", "Fax"), "no column “Fax”"),
        (("--keep-dates",), "No column for created_at"),
    ],
)
def test_an_option_that_cannot_be_followed_ends_the_command(imported, options, reason):
    result = imported("Phone,Name", "+4915123400030,Mara", options=options)
    assert result.code == 2
    assert reason in result.error


def test_a_customer_may_have_no_name_and_a_blank_one_replaces_none(owner, imported):
    owner.has_lead(customer_phone="+4915123400030", customer_name="Mara")
    options = ("--on-duplicate", "update")
    result = imported("Phone,Name", "+4915123400030,", "+4915123400031,", options=options)
    assert result.code == 0, result.error
    assert set(Customer.objects.values_list("phone", "name")) == {("+4915123400030", "Mara"), ("+4915123400031", "")}


def test_dates_are_kept_and_undo_still_removes_conversation_and_customer(owner, imported):
    header, row = "Phone,created_time", "+4915123400030,2025-10-31T11:18:23+01:00"
    result = imported(header, row, options=("--keep-dates",))
    assert result.code == 0, result.error
    assert Lead.objects.get().created_at == datetime(2025, 10, 31, 10, 18, 23, tzinfo=UTC)

    run("undo_import", result.summary["run"])
    assert (Lead.objects.count(), Conversation.objects.count(), Customer.objects.count()) == (0, 0, 0)


def test_a_date_that_cannot_be_kept_refuses_its_row(imported):
    rows = ("+4915123400030,2999-01-01", "+4915123400031,soon", "+4915123400032,", "+4915123400033,2025-01-01")
    result = imported("Phone,Created At", *rows, options=("--keep-dates",))
    assert (result.code, result.counts) == (1, counts(created=2, failed=2))


def test_an_ambiguous_column_of_dates_needs_its_order(imported):
    options = ("--keep-dates",)
    result = imported("Phone,Create Date", "+4915123400030,10/1/2025", options=options)
    assert result.code == 2
    assert "--date-order mdy" in result.error
    imported("Phone,Create Date", "+4915123400030,10/1/2025", options=(*options, "--date-order", "mdy"))
    assert Lead.objects.get().created_at == datetime(2025, 10, 1, tzinfo=UTC)


def test_the_country_code_of_another_column_is_that_of_the_phone(imported):
    rows = ("49,15123400110", "49,4915123400111", "+52,5512340111", "1,4155552671")
    result = imported("Country Code,Phone", *rows)
    assert result.code == 0, result.error
    phones = set(Customer.objects.values_list("phone", flat=True))
    assert phones == {"+4915123400110", "+4915123400111", "+525512340111", "+14155552671"}


def test_refused_rows_that_are_not_corrected_are_refused_again(owner, imported, tmp_path):
    rows = ("+4915123400030,Contacted", "+4915123400031,Working", "+4915123400032,new", "12,lost")
    errors = tmp_path / "errors.csv"
    imported("Phone,Lead Status", *rows, options=("--errors", str(errors)))
    assert import_leads(owner, errors).counts == counts(failed=2)
    errors.write_text(errors.read_text("utf-8-sig").replace("Working", "contacted"), encoding="utf-8")
    assert import_leads(owner, errors).counts == counts(created=1, failed=1)


def test_rows_without_a_name_are_counted(imported):
    result = imported("Phone,Name", "+4915123400030,", "+4915123400031,Mara")
    assert "1 of the first 2 rows has no name: new customers of such rows have none." in result.summary["notes"]
