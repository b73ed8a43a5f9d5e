import pytest

from leads.importing.columns.fields import FIELDS, Reading, UnknownColumns
from leads.importing.columns.mapping import guess_fields, map_columns, place_columns


def read(header, *rows, mapping=(), **reading):
    """What each row says, by field; blank fields are left out."""
    columns = map_columns(header, dict(mapping), sample=rows, reading=Reading(**reading))
    found = [dict(zip(columns.fields, columns.pick(row), strict=True)) for row in rows]
    return [{name: value for name, value in row.items() if value} for row in found], columns


def test_the_names_of_the_fields_are_columns_in_any_order():
    header = list(reversed(FIELDS))
    columns = map_columns(header, {}, reading=Reading(keep_dates=True))
    assert dict(zip(columns.fields, columns.pick(header), strict=True)) == {field: field for field in FIELDS}


def test_the_first_phone_that_is_filled_is_read_mobile_first():
    header = ["Business Phone", "Home Phone", "Mobile Phone", "Business Fax", "Pager"]
    rows = [
        ["+49305550100", "", "+4915123400020", "", ""],
        ["+34600000021", "+34600000022", "", "", ""],
        ["n/a", "+447700900022", "-", "", ""],
        ["", "", "", "+4930999", "+4930998"],
        ["", "", "none", "", ""],
    ]
    found, columns = read(header, *rows)
    phones = [row.get("customer_phone", "") for row in found]
    assert phones == ["+4915123400020", "+34600000021", "+447700900022", "", "none"]
    assert columns.names == {"customer_phone": "Mobile Phone or Business Phone or Home Phone"}
    assert columns.ignored == ("Business Fax", "Pager")


def test_googles_labels_say_which_phone_is_a_mobile_and_which_a_fax():
    header = ["Phone 1 - Label", "Phone 1 - Value", "Phone 2 - Label", "Phone 2 - Value"]
    rows = [
        ["Work", "+49 30 12345678", "* Mobile", "+49 1512 3400004"],
        ["Work Fax", "+49 30 12345679", "Home", "+49 30 12345670"],
        ["Work", "+49 30 12345671", "", ""],
    ]
    found, columns = read(header, *rows)
    phones = [row["customer_phone"] for row in found]
    assert phones == ["+49 1512 3400004", "+49 30 12345670", "+49 30 12345671"]
    assert columns.ignored == ()


def test_columns_with_the_same_name_are_all_read():
    header = ["Phone", "Name", "Phone", "Type", "Notes", "Notes"]
    found, _ = read(
        header, ["", "One", "+4915123410015", "order", "n1", "n2"], ["+4915123410016", "Two", "", "order", "", "n4"]
    )
    assert [(row["customer_phone"], row["details"]) for row in found] == [
        ("+4915123410015", "n1\nn2"),
        ("+4915123410016", "n4"),
    ]


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        (["First Name", "Last Name"], ["Zoë", "Doe"], "Zoë Doe"),
        (["Nachname", "Vorname"], ["Doe", "Zoë"], "Zoë Doe"),
        (["First Name", "Middle Name", "Last Name"], ["Tom", "J.", "Brandel"], "Tom J. Brandel"),
        (["Title", "First Name", "Last Name", "Suffix"], ["Dr.", "Zoë", "Doe", "Jr."], "Zoë Doe"),
        (["First Name", "Last Name"], ["", "Doe"], "Doe"),
        (["First Name", "Last Name", "Organization Name"], ["", "", "Bakery Dorn"], "Bakery Dorn"),
        (["Full name", "Company"], ["Zoë Doe", "Bakery Dorn"], "Zoë Doe"),
        (["Name", "Given Name", "Family Name"], ["", "Zoë", "Doe"], "Zoë Doe"),
        (["Nombre", "Apellidos"], ["Zoë", "Doe"], "Zoë Doe"),
        (["Nombre", "Apellido paterno", "Apellido materno"], ["Zoë", "Paz", "Ruiz"], "Zoë Paz Ruiz"),
        (["Nombre", "x"], ["Zoë Doe", ""], "Zoë Doe"),
        (["First Name", "Name"], ["Zoë", "Zoë Doe"], "Zoë Doe"),
        (["Vorname", "Name"], ["Zoë", "Doe"], "Zoë Doe"),
        (["Nom", "Prénom"], ["Doe", "Zoë"], "Zoë Doe"),
        (["Billing First Name", "Billing Last Name", "Shipping First Name"], ["Zoë", "Doe", "Ann"], "Zoë Doe"),
        (["Name", "Billing Name"], ["#1001", "Zoë Doe"], "Zoë Doe"),
        (["Name", "Billing Name"], ["#1002", ""], ""),
        (["Saved Name", "Public Name"], ["", "~Mia"], "Mia"),
        (["Ad", "Soyad"], ["Ayşe", "Kaya"], "Ayşe Kaya"),
        (["Ad", "Company"], ["Cake, autumn", "Bakery Dorn"], "Bakery Dorn"),
    ],
)
def test_a_name_is_joined_of_its_parts_or_is_that_of_the_company(header, cells, name):
    ((found,), _) = read(["phone", *header], ["1", *cells])
    assert found.get("customer_name", "") == name


def test_questions_of_a_form_are_details_with_their_answers():
    header = ["Timestamp", "Full name", "WhatsApp number (with country code)", "What would you like to order?"]
    row = ["2026/10/20 9:15:02 AM GMT+1", "Leo Tann", "+49 1512 3400100", "2 lemon cakes"]
    ((found,), columns) = read(header, row)
    assert found == {
        "customer_name": "Leo Tann",
        "customer_phone": "+49 1512 3400100",
        "details": "What would you like to order?: 2 lemon cakes",
    }
    assert "“Timestamp” is not read: --keep-dates makes it the date of the leads." in columns.notes
    ((found,), _) = read(["phone", "Notes", "what_cake_do_you_want?", "how_many?"], ["1", "Soon", "lemon", ""])
    assert found["details"] == "Soon\nWhat cake do you want?: lemon"


def test_several_columns_are_mapped_to_details():
    header = ["phone", "Cake", "Guests", "Notes"]
    ((found,), _) = read(header, ["1", "lemon", "12", "x"], mapping={"Guests": "details", "Cake": "details"})
    assert found["details"] == "12\nlemon"


def test_a_mapping_takes_precedence_over_known_names():
    header = ["phone", "Second phone", "name", "type", "id", "message"]
    mapping = {"Second phone": "customer_phone", " ID ": "external_id", "phone": "details"}
    columns = map_columns(header, mapping)
    assert dict(zip(columns.fields, columns.pick(header), strict=True)) == {
        "customer_phone": "Second phone",
        "customer_name": "name",
        "type": "type",
        "details": "phone",
        "external_id": "id",
    }


def test_a_column_is_ignored_by_its_name():
    columns = map_columns(["phone", "Mobile", "Notes", "Notes"], {}, reading=Reading(ignore=["MOBILE", "Notes"]))
    assert columns.names == {"customer_phone": "phone"}
    with pytest.raises(UnknownColumns, match="no column “Fax”"):
        map_columns(["phone"], {}, reading=Reading(ignore=["Fax"]))


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


def test_what_no_column_says_is_told():
    _, columns = read(["Phone"], ["1"])
    assert columns.notes == (
        "No column has the type: new leads are of the type inquiry. --type sets another.",
        "No column has the customer's name: new customers have no name.",
    )
    _, columns = read(["Phone", "Name"], ["1", "x"], defaults={"type": "order"})
    assert columns.notes == ()


def test_an_update_needs_the_phone_or_the_external_id():
    for header in (["external id", "status"], ["phone", "status"]):
        assert len(map_columns(header, {}, reading=Reading(updates=True)).fields) == 2
    with pytest.raises(UnknownColumns, match="No column for customer_phone"):
        map_columns(["name", "status"], {}, reading=Reading(updates=True))
    with pytest.raises(UnknownColumns):
        map_columns(["external id", "status"], {})


def test_a_missing_phone_is_reported_with_the_existing_columns():
    with pytest.raises(UnknownColumns) as refusal:
        map_columns(["Number", "Name", " "], {})
    assert str(refusal.value) == (
        "No column for customer_phone. The file's columns are “Number”, “Name”. Name the column, for"
        " example --map 'COLUMN=customer_phone'."
    )


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"Fax": "customer_phone"}, "no column “Fax”. The file's columns are “phone”, “name”, “type”, “x”, “x”"),
        ({"phone": "fax"}, "no field “fax”. The fields are customer_phone, customer_name"),
        ({"phone": "status", "name": "status"}, "Two columns are mapped to status"),
        ({"phone": "details", "PHONE": "status"}, "mapped twice"),
        ({"x": "status"}, "2 columns “x”"),
        ({"": "details"}, "no column “”"),
    ],
)
def test_an_invalid_mapping_is_refused(mapping, reason):
    with pytest.raises(UnknownColumns, match=reason):
        map_columns(["phone", "name", "type", "x", "x"], mapping)


def test_a_message_about_columns_is_bounded():
    with pytest.raises(UnknownColumns) as refusal:
        map_columns(["x" * 1000] * 1000, {})
    assert len(str(refusal.value)) < 2000


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


def test_a_person_chooses_fields_above_the_columns():
    header = ["Wer", "Phone", "Mobile", "State", "Company"]
    rows = [["Zoë", "1234567", "7654321", "CA", "Bakery"]]
    assert guess_fields(header, rows, Reading()) == [None, "customer_phone", "customer_phone", None, "customer_name"]
    fields = ["customer_name", "customer_phone", "customer_phone", None, "customer_name"]
    columns = place_columns(header, fields, sample=rows, reading=Reading())
    assert columns.pick(rows[0]) == ("7654321", "Zoë")
    assert any("“State” is not read" in note for note in columns.notes)
    columns = place_columns(header, [*fields[:3], "status", None], sample=rows, reading=Reading())
    assert columns.unknown == {"status": ["CA"]}
    with pytest.raises(UnknownColumns, match="2 columns are mapped to the type"):
        place_columns(header, ["type", "type", "customer_phone", None, None], sample=rows, reading=Reading())
    with pytest.raises(UnknownColumns, match="No column is the customer's phone"):
        place_columns(header, [None] * 5, sample=rows, reading=Reading())
