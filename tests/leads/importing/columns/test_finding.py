import pytest

from leads.importing.columns.fields import UnknownColumns
from leads.importing.readers.rows import LOST
from tests.leads.importing.columns.reading import read


def test_what_no_column_says_is_told():
    _, columns = read(["Phone"], ["1"])
    assert columns.notes == (
        "No column has the type: new leads are of the type inquiry. --type sets another.",
        "No column has the customer's name: new customers have no name.",
    )
    _, columns = read(["Phone", "Name"], ["1", "x"], defaults={"type": "order"})
    assert columns.notes == ()


def test_dates_are_kept_on_request_and_judged_by_the_column():
    header = ["Phone", "Create Date"]
    _, columns = read(header, ["1", "10/1/2026"], ["2", "10/13/2026"], keep_dates=True)
    assert columns.dates.read("10/1/2026").month == 10
    with pytest.raises(UnknownColumns, match=r"“Create Date” cannot be read: .* Give --date-order dmy"):
        read(header, ["1", "10/1/2026"], keep_dates=True)
    _, columns = read(header, ["1", "10/1/2026"], keep_dates=True, date_order="dmy")
    assert columns.dates.read("10/1/2026").month == 1
    with pytest.raises(UnknownColumns, match=r"No column for created_at"):
        read(["Phone"], ["1"], keep_dates=True)


def test_a_row_that_is_refused_for_its_broken_name_is_not_one_without_a_name():
    _, columns = read(["Phone", "Name", "Type"], ["1", LOST, "order"], ["2", "", "order"], ["3", "Zoë", "order"])
    assert columns.notes == ("1 of the first 3 rows has no name: new customers of such rows have none.",)


def test_a_file_of_updates_by_external_id_creates_no_lead_without_type_or_name():
    _, columns = read(["External ID", "Status"], ["U-1", "lost"], updates=True)
    assert columns.notes == ()
