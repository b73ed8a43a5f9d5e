import pytest

from leads.importing.columns.fields import UnknownColumns
from tests.leads.importing.columns.reading import read


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("lead_status", ["CREATED", "complete", "CREATED"]),
        ("State", ["CA", "NY", ""]),
        ("estado", ["Jalisco", "Jalisco"]),
        ("Status", ["new", "Waiting", "Paid"]),
        ("Type", ["Prospect", "Partner", "order"]),
    ],
)
def test_a_guessed_column_with_other_values_is_not_read_and_a_sentence_says_so(name, cells):
    field = "type" if name == "Type" else "status"
    rows = [["+49151234000", cell] for cell in cells]
    found, columns = read(["Phone", name], *rows)
    assert all(set(row) == {"customer_phone"} for row in found)
    assert any(f"“{name}” is not read" in note and f"--map '{name}={field}' reads it" in note for note in columns.notes)
    assert columns.ignored == (name,)

    _, columns = read(["Phone", name], *rows, mapping={name: field})
    assert field in columns.fields
    assert columns.unknown[field]


def test_the_next_column_is_read_where_the_first_has_other_values():
    rows = [["1", "CA", "Contacted"], ["2", "NY", "Closed Won"]]
    found, columns = read(["Phone", "State", "Stage"], *rows)
    assert [row["status"] for row in found] == ["Contacted", "Closed Won"]
    assert [columns.values["status"][row["status"]] for row in found] == ["contacted", "converted"]
    assert "“Stage” is translated: “Contacted” as contacted" not in " ".join(columns.notes)
    assert "“Stage” is translated: “Closed Won” as converted." in columns.notes


def test_an_unknown_value_among_ours_does_not_hide_the_column():
    rows = [["1", "Contacted"], ["2", "Lost"], ["3", "Working"]]
    _, columns = read(["Phone", "Status"], *rows)
    assert columns.unknown == {"status": ["Working"]}
    _, columns = read(["Phone", "Status"], *rows, values={"status": {"working": "contacted"}})
    assert (columns.unknown, columns.values["status"]["Working"]) == ({}, "contacted")


def test_a_reference_of_several_customers_is_no_external_id():
    rows = [["1", "Website"], ["2", "Website"], ["3", "Friend"]]
    _, columns = read(["Phone", "Reference"], *rows)
    assert columns.ignored == ("Reference",)
    for header, cells in ((["Phone", "External ID"], rows), (["Phone", "Reference"], [["1", "A-1"], ["2", "A-2"]])):
        _, columns = read(header, *cells)
        assert "external_id" in columns.fields


@pytest.mark.parametrize(
    ("header", "rows", "phone"),
    [
        (["Name", "Number"], [["Mia", "+49 1512 3400110"], ["Nico", "0049 1512 3400111"], ["Ann", ""]], "Number"),
        (["Name", "Nummer"], [["Mia", "p:+4915123400110"]], "Nummer"),
        (["Name", "Phone", "Number"], [["Mia", "", "+4915123400110"]], "Phone"),
        # No phone numbers, those of something else, or of two columns: a person chooses.
        (["Name", "Number"], [["Mia", "1001"], ["Nico", "1002"]], None),
        (["Name", "Number"], [["Mia", "4915123400110"]], None),
        (["Name", "Fax"], [["Mia", "+4915123400110"]], None),
        (["Name", "A", "B"], [["Mia", "+4915123400110", "+4915123400111"]], None),
        # A file without a header.
        (["Mia", "+4915123400110"], [["Nico", "+4915123400111"]], None),
    ],
)
def test_a_column_of_unknown_name_with_phone_numbers_is_the_phone_where_no_other_is(header, rows, phone):
    if phone is None:
        with pytest.raises(UnknownColumns, match="No column for customer_phone"):
            read(header, *rows)
        return
    _, columns = read(header, *rows)
    assert columns.names["customer_phone"] == phone
    told = f"“{phone}” has phone numbers, and is read as customer_phone."
    assert (told in columns.notes) == (phone != "Phone")
