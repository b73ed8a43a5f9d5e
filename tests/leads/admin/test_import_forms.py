"""The preview of an import says what is not read and what values mean, and changes it."""

import pytest

from conversations.models import Customer
from leads.models import Lead
from tests.factories import Business
from tests.leads.uploading import decide, run_worker, the_run, upload
from tests.staff import Staff, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def imported(staff: Staff, **typed: str) -> list[str]:
    """The statuses of the leads after the import."""
    decide(staff, "import", **typed)
    run_worker()
    return sorted(Lead.objects.values_list("status", flat=True))


def test_a_guessed_column_with_other_values_is_not_read_until_it_is_chosen(staff):
    page = upload(staff, "Phone,Name,State\n+4915100000001,Amina,CA\n+4915100000002,Bob,new\n").content.decode()
    assert "“State” is not read: most of its values, such as “CA”, are no status of ours." in page
    assert "To read it, choose “Status” above it." in page
    assert "--" not in page.split("import-preview")[1].split("</form>")[0]

    page = decide(staff, "read", **{"column-2": "status"}).content.decode()
    assert "“State” is not read" not in page
    assert "Status “CA” is" in page
    assert "choose below what it means" in page
    assert imported(staff, **{"meaning-status-0": "qualified"}) == ["new", "qualified"]
    assert "“CA” is qualified" in staff.get(f"/admin/leads/importrun/{the_run().pk}/change/").content.decode()


def test_a_guessed_column_stays_unread_where_nobody_chooses_it(staff):
    upload(staff, "Phone,Name,lead_status\n+4915100000001,Amina,CREATED\n+4915100000002,Bob,CREATED\n")
    assert imported(staff) == ["new", "new"]


def test_unknown_values_among_ours_are_offered_and_refused_until_they_are_explained(staff):
    rows = "\n".join(f"+491510000000{n},{value}" for n, value in enumerate(["Contacted", "Closed Won", "Working"], 1))
    page = upload(staff, f"Phone,Status\n{rows}\n").content.decode()
    assert "“Closed Won” as converted" in page
    assert "Status “Working” is" in page
    assert imported(staff) == ["contacted", "converted"]
    assert (the_run().state, the_run().failed) == ("finished", 1)


def test_several_columns_are_one_field_as_the_preview_says(staff):
    header = "First Name,Last Name,Company,Business Phone,Mobile Phone,Fax"
    rows = "Zoë,Doe,,+493012345678,+4915100000001,\n,,Bakery,+493012345679,,\n"
    page = upload(staff, f"{header}\n{rows}").content.decode()
    assert "Refused" not in page
    assert imported(staff) == ["new", "new"]
    assert set(Customer.objects.values_list("phone", "name")) == {
        ("+4915100000001", "Zoë Doe"),
        ("+493012345679", "Bakery"),
    }


def test_the_date_of_a_column_is_kept_where_it_is_chosen(staff):
    page = upload(staff, "Phone,Create Date\n+4915100000001,10/1/2025\n").content.decode()
    assert "To keep its dates, choose “Date” above it." in page
    page = decide(staff, "read", **{"column-1": "created_at"}).content.decode()
    assert "Choose the order of day and month in the options." in page
    imported(staff, date_order="mdy")
    assert Lead.objects.get().created_at.date().isoformat() == "2025-10-01"
