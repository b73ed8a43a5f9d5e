import pytest

from tests.cases import each_case
from tests.leads.importing.columns.reading import read


def test_the_phones_of_a_row_are_read_in_turn_mobile_first():
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
    assert phones == ["+4915123400020\x1e+49305550100", "+34600000021\x1e+34600000022", "+447700900022", "", ""]
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
    assert phones == ["+49 1512 3400004\x1e+49 30 12345678", "+49 30 12345670", "+49 30 12345671"]
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


@each_case(
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
        (["First Name", "Last Name", "Nickname", "File As"], ["Zoë", "Doe", "Zo", "Doe, Zoë"], "Zoë Doe"),
        (["First Name", "Last Name", "Nickname"], ["", "", "Zo"], "Zo"),
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


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (["First Name", "Middle Name", "Last Name", "Company"], "First Name + Middle Name + Last Name or Company"),
        (["Full Name", "First Name", "Last Name"], "Full Name or First Name + Last Name"),
        (["Nom", "Prénom", "Société"], "Prénom + Nom or Société"),
        (
            ["billing_first_name", "billing_last_name", "shipping_first_name", "shipping_last_name"],
            "billing_first_name or shipping_first_name + billing_last_name or shipping_last_name",
        ),
    ],
)
def test_the_columns_of_a_name_are_shown_as_they_are_joined(header, shown):
    _, columns = read(["Phone", *header], ["1"] + ["x"] * len(header))
    assert columns.names["customer_name"] == shown
