import pytest

from leads.importing.columns.fields import FIELDS, Reading, UnknownColumns
from leads.importing.columns.mapping import guess_fields, map_columns, place_columns
from tests.leads.importing.columns.reading import read


def test_the_names_of_the_fields_are_columns_in_any_order():
    header = list(reversed(FIELDS))
    columns = map_columns(header, {}, reading=Reading(keep_dates=True))
    assert dict(zip(columns.fields, columns.pick(header), strict=True)) == {field: field for field in FIELDS}


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


def test_a_person_chooses_fields_above_the_columns():
    header = ["Wer", "Phone", "Mobile", "State", "Company"]
    rows = [["Zoë", "1234567", "7654321", "CA", "Bakery"]]
    assert guess_fields(header, rows, Reading()) == [None, "customer_phone", "customer_phone", None, "customer_name"]
    fields = ["customer_name", "customer_phone", "customer_phone", None, "customer_name"]
    columns = place_columns(header, fields, sample=rows, reading=Reading())
    assert columns.pick(rows[0]) == ("7654321\x1e1234567", "Zoë")
    assert any("“State” is not read" in note for note in columns.notes)
    columns = place_columns(header, [*fields[:3], "status", None], sample=rows, reading=Reading())
    assert columns.unknown == {"status": ["CA"]}
    with pytest.raises(UnknownColumns, match="2 columns are mapped to the type"):
        place_columns(header, ["type", "type", "customer_phone", None, None], sample=rows, reading=Reading())
    with pytest.raises(UnknownColumns, match="No column is the customer's phone"):
        place_columns(header, [None] * 5, sample=rows, reading=Reading())
