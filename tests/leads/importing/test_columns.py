import pytest

from leads.importing.columns import FIELDS, UnknownColumns, field_of, map_columns


def picked(header, mapping=(), defaults=(), cells=None):
    columns = map_columns(header, dict(mapping), defaults=defaults)
    return dict(zip(columns.fields, columns.pick(cells or header), strict=True))


def test_the_names_of_the_fields_are_columns_in_any_order():
    assert picked(list(reversed(FIELDS))) == {field: field for field in FIELDS}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *((name, "customer_phone") for name in ("phone", "Phone Number", "MOBILE", "WhatsApp", "tel", "Telefon:")),
        *((name, "customer_phone") for name in ("Handy", "celular", "Teléfono", "customer-phone", "Mobile_Phone *")),
        *((name, "customer_name") for name in ("name", "Customer", "Full  Name", "vollständiger Name", "Cliente")),
        *((name, "type") for name in ("Type", "lead type", "Tipo")),
        *((name, "details") for name in ("details", "Notes", "MESSAGE", "comment", "Descripción")),
        *((name, "status") for name in ("Status", "Lead-Status", "Estado")),
        *((name, "external_id") for name in ("External ID", "external_id", "CRM-ID")),
        *((name, None) for name in ("id", "ID", "", "line", "field", "reason", "email", "phones", "電話")),
    ],
)
def test_a_column_is_recognised_by_its_name(name, field):
    assert field_of(name) == field


def test_the_better_of_two_columns_for_one_field_is_used_and_the_other_is_reported():
    columns = map_columns(["Phone", "Name", "WhatsApp", "Type", "E-Mail", ""], {}, defaults=())
    assert columns.names == {"customer_phone": "WhatsApp", "customer_name": "Name", "type": "Type"}
    assert columns.ignored == ("Phone", "E-Mail")
    assert columns.fields == ("customer_phone", "customer_name", "type")
    assert columns.pick(["1", "2", "3", "4", "5", "6"]) == ("3", "2", "4")


def test_the_first_of_two_columns_with_one_name_is_used():
    columns = map_columns(["phone", "name", "type", "name"], {}, defaults=())
    assert columns.pick(["1", "2", "3", "4"]) == ("1", "2", "3")
    assert columns.ignored == ("name",)


def test_a_mapping_takes_precedence_over_known_names():
    header = ["phone", "Second phone", "name", "type", "id", "message"]
    mapping = {"Second phone": "customer_phone", " ID ": "external_id", "phone": "details"}
    assert picked(header, mapping) == {
        "customer_phone": "Second phone",
        "customer_name": "name",
        "type": "type",
        "details": "phone",
        "external_id": "id",
    }


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        (["First Name", "Last Name"], ["Zoë", "Doe"], "Zoë Doe"),
        (["Nachname", "Vorname"], ["Doe", "Zoë"], "Zoë Doe"),
        (["First Name", "Last Name"], ["", "Doe"], "Doe"),
        (["Nombre", "Apellidos"], ["Zoë", "Doe"], "Zoë Doe"),
        (["Nombre", "x"], ["Zoë Doe", ""], "Zoë Doe"),
        (["First Name", "Name"], ["Zoë", "Zoë Doe"], "Zoë Doe"),
    ],
)
def test_first_and_last_name_are_joined_where_no_column_has_the_name(header, cells, name):
    values = picked(["phone", "type", *header], cells=["1", "order", *cells])
    assert values["customer_name"] == name


def test_a_default_needs_no_column():
    assert picked(["phone", "name"], defaults={"type"}) == {"customer_phone": "phone", "customer_name": "name"}
    assert picked(["phone"], defaults={"type", "customer_name"}) == {"customer_phone": "phone"}

    assert picked(["phone", "name"]) == {"customer_phone": "phone", "customer_name": "name"}


def test_an_update_needs_the_phone_or_the_external_id():
    for header in (["external id", "status"], ["phone", "status"]):
        assert len(map_columns(header, {}, defaults=(), updates=True).fields) == 2
        with pytest.raises(UnknownColumns):
            map_columns(header, {}, defaults=())
    with pytest.raises(UnknownColumns):
        map_columns(["name", "status"], {}, defaults=(), updates=True)


def test_missing_columns_are_reported_with_the_existing_ones():
    with pytest.raises(UnknownColumns) as refusal:
        map_columns(["Number", "Type", " "], {}, defaults=())
    assert str(refusal.value) == (
        "No column for customer_phone and customer_name. The file's columns are “Number”, “Type”. Name the column, for"
        " example --map 'COLUMN=customer_phone'."
    )


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"Fax": "customer_phone"}, "no column “Fax”. The file's columns are “phone”, “name”, “type”, “x”, “x”"),
        ({"phone": "fax"}, "no field “fax”. The fields are customer_phone, customer_name"),
        ({"phone": "details", "name": "details"}, "Two columns are mapped to details"),
        ({"phone": "details", "PHONE": "status"}, "mapped twice"),
        ({"x": "details"}, "2 columns “x”"),
        ({"": "details"}, "no column “”"),
    ],
)
def test_an_invalid_mapping_is_refused(mapping, reason):
    with pytest.raises(UnknownColumns, match=reason):
        map_columns(["phone", "name", "type", "x", "x"], mapping, defaults=())


def test_a_message_about_columns_is_bounded():
    with pytest.raises(UnknownColumns) as refusal:
        map_columns(["x" * 1000] * 1000, {}, defaults=())
    assert len(str(refusal.value)) < 2000
