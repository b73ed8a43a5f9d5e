"""What a phone column's cells are read as: with a region, with the row's country, and with neither."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.importing.cells import BadCell
from leads.importing.columns.picking import NEXT_PHONE
from leads.importing.phones.columns import PhoneColumn, judge_column
from tests.cases import each_case
from tests.conversations.phone_cases import ACCEPTED
from tests.conversations.test_phone_entry_points import SPELLINGS

FULL = ["4915112345678", "5215512345678", "447911123456"]


def read(cell: str, region: str | None = None, country: str = "", column: list[str] | None = None) -> str:
    """The cell as read in a column of it alone, or of the cells given."""
    cells = [(other, "") for other in column or []] + [(cell, country)]
    return judge_column(cells, region=region).read(cell, country)


@each_case("region", [None, "DE", "MX"])
@each_case(
    ("cell", "phone"),
    [
        *ACCEPTED,
        *((spelling, "+4915123440001") for spelling in SPELLINGS),
        # As spreadsheets, address books, lead forms and chats write numbers.
        ("'+4915112345678", "+4915112345678"),
        ("''+49 151 12345678", "+4915112345678"),
        ("+4915112345678.0", "+4915112345678"),
        ('="+4915112345678"', "+4915112345678"),
        ("p:+4915112345678", "+4915112345678"),
        ("Tel: +49 151 12345678", "+4915112345678"),
        ("whatsapp:+4915112345678", "+4915112345678"),
        ("Mobile: +49 151 12345678", "+4915112345678"),
        ("home +49 151 12345678", "+4915112345678"),
        ("+49 151 12345678 (mobile)", "+4915112345678"),
        ("4915112345678@c.us", "+4915112345678"),
        ("12125551234@s.whatsapp.net", "+12125551234"),
        ("https://wa.me/12125551234?text=Hello", "+12125551234"),
        ("+49 1512/3410040", "+4915123410040"),
        ("+49.1512.3410041", "+4915123410041"),
        ("0012125551234", "+12125551234"),
        # Digits that no country has as a local number have only lost their plus sign.
        *((digits, f"+{digits}") for digits in FULL),
        ("4915112345678.0", "+4915112345678"),
        ("4915112345678,00", "+4915112345678"),
        ("4,915,112,345,678", "+4915112345678"),
        ("49 151 12345678", "+4915112345678"),
        # Both forms of Mexican and Brazilian mobiles, one of which the library calls invalid.
        ("525512345678", "+525512345678"),
        ("551187654321", "+551187654321"),
        # The first of several that can be used.
        ("+49 1512 3400002 ::: +49 1512 3400003", "+4915123400002"),
        ("+4915112345678; +4915112345679", "+4915112345678"),
        ("+4915112345678 / +4915112345679", "+4915112345678"),
        ("+4915112345678 +4915112345679", "+4915112345678"),
        ("+4915112345678\n+4915112345679", "+4915112345678"),
        ("+49 151 12345678 or +49 151 12345679", "+4915112345678"),
        ("+49 30 123456/57", "+4930123456"),
        ("+0123 456789, +4915112345678", "+4915112345678"),
        ("+1 512 555 2673 x12; +4915112345678", "+4915112345678"),
    ],
)
def test_a_number_with_country_code_is_read_with_and_without_a_region(cell, phone, region):
    assert read(cell, region) == phone


@each_case(
    ("cell", "region", "phone"),
    [
        ("0151 12345678", "DE", "+4915112345678"),
        ("p:01512 3400032", "DE", "+4915123400032"),
        ("(0151) 1234-5678", "DE", "+4915112345678"),
        ("0151/12345678", "DE", "+4915112345678"),
        ("0151 12345678/0151 12345679", "DE", "+4915112345678"),
        ("0049 151 12345678", "DE", "+4915112345678"),
        ("030 123456/57", "DE", "+4930123456"),
        # A spreadsheet has removed the zero.
        ("15123460001", "DE", "+4915123460001"),
        ("15123460001.0", "DE", "+4915123460001"),
        ("3012345678", "DE", "+493012345678"),
        ("7700900123", "GB", "+447700900123"),
        ("612345678", "NL", "+31612345678"),
        # It has removed the plus sign.
        ("4915112345678", "DE", "+4915112345678"),
        ("34612345678", "ES", "+34612345678"),
        ("5215512345678", "MX", "+5215512345678"),
        ("447700900123", "GB", "+447700900123"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("(11) 98765-4321", "BR", "+5511987654321"),
        ("212 555 1234", "US", "+12125551234"),
        ("1 212 555 1234", "US", "+12125551234"),
        ("9198765432", "IN", "+919198765432"),
        ("919876543210", "IN", "+919876543210"),
        ("02 1234 5678", "IT", "+390212345678"),
        ("8 916 123-45-67", "RU", "+79161234567"),
        ("011 49 151 12345678", "US", "+4915112345678"),
        ("49 (0)151 12345678", "DE", "+4915112345678"),
        ("\u0660\u0661\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "EG", "+201012345678"),
    ],
)
def test_a_number_without_country_code_is_read_in_its_region(cell, region, phone):
    assert read(cell, region) == phone
    assert read(cell, country=region) == phone
    # What the row says about itself is more than what is said about the file.
    assert read(cell, "FR", country=region) == phone


@each_case("country", ["DE", "de", "DEU", "49", "+49", "0049", "49.0", "Germany", "Deutschland", " alemania "])
def test_a_row_names_its_country_in_many_ways(country):
    assert read("0151 12345678", country=country) == "+4915112345678"


def test_a_cell_that_names_no_country_says_nothing():
    assert read("0151 12345678", "DE", country="Westeros") == "+4915112345678"


@each_case(
    ("cell", "region", "reason"),
    [
        ("", None, "empty"),
        (" \u00a0", None, "empty"),
        ("'", "DE", "empty"),
        ("tel:", None, "empty"),
        ("4.9151E+11", None, "Format the column as text"),
        ("4,9151E+11", "DE", "Format the column as text"),
        ("4.9e11", None, "Format the column as text"),
        ("abc", None, "plus sign"),
        ("abc", "DE", "plus sign"),
        ("+49.151.1", "DE", "plus sign"),
        ("+0123", None, "plus sign"),
        ("12", "DE", "plus sign"),
        ("+49 151 234,40001", None, "plus sign"),
        ("+1 (512) 555-2673 x12", None, "extension"),
        ("+1 512 555 2673, ext. 12", None, "extension"),
        ("tel:+1-512-555-2673;ext=12", None, "extension"),
        ("0151 12345678 x5", "DE", "extension"),
        # No country is named.
        ("0151 12345678", None, "--region"),
        ("12345678", None, "--region"),
        ("2125551234", None, "--region"),
        ("1234567890", None, "--region"),
        ("999999999999", None, "--region"),
        # Numbers of other countries with a plus sign: they must not reach strangers there.
        ("15123460001", None, "--region"),  # United States; a German mobile without its zero
        ("4791123456", None, "--region"),  # Norway; a landline near Bremen
        ("4521123456", None, "--region"),  # Denmark; a landline in Holstein
        ("84912345678", None, "--region"),  # Vietnam; a mobile in Brazil
        # In the region it is none, and it may be a local number of another country.
        ("15123460001", "FR", "not|could be"),
        ("0151 12345678", "ES", "Spain"),
        ("98765-4321", "BR", "Brazil"),  # without its area code
        ("555-2673", "US", "United States"),
        ("4791123456", "DE", "could be"),
    ],
)
def test_a_phone_number_is_refused_with_the_reason(cell, region, reason):
    with pytest.raises(BadCell, match=reason):
        read(cell, region)


@pytest.mark.parametrize("cell", ["+49 30 1234567\nx12", "+49 30 1234567 | extension 12", "+49 30 1234567 ::: ext 12"])
def test_an_extension_is_never_dropped_as_a_short_number(cell):
    with pytest.raises(BadCell):
        PhoneColumn(region="DE").read(cell)


def test_other_cells_with_several_numbers_are_counted():
    column = PhoneColumn(region="DE")
    for cell in ("+4915112345678", "+4915112345678; +4915112345679", "0151/12345678", "+49 1512 3400002 ::: 030 12345"):
        column.read(cell)
    assert column.several == 2


@pytest.mark.parametrize(
    ("cells", "phone", "others"),
    [
        (["15123460001", "+4930123456"], "+4930123456", 1),
        (["+1 512 555 2673 x12", "see +49 1512 (3) in notes", "+12125551234"], "+12125551234", 1),
        (["4.9151E+11", "tel:+49 30 123456"], "+4930123456", 1),
        (["+4915112345678", "+4930123456"], "+4915112345678", 0),
        (["12; 34", "030/123; +4930123456"], "+4930123456", 1),
        # Of several in one cell, one that is too short is no reason to refuse the others.
        (["+4915112345678 ::: 0301"], "+4915112345678", 0),
        (["030123\n+4915112345678"], "+4915112345678", 0),
    ],
)
def test_where_a_column_has_no_usable_number_the_next_is_read_and_a_note_says_so(cells, phone, others):
    column = judge_column([(NEXT_PHONE.join(cells), "")], region=None)
    assert column.read(NEXT_PHONE.join(cells)) == phone
    told = "In 1 row the number of the first phone column cannot be used: that of another is."
    assert (column.others, told in column.notes()) == (others, others == 1)


def test_where_no_column_has_a_usable_number_the_reason_is_that_of_the_first():
    column = judge_column([("0151 12345678\x1e030 123456", "")] * 9, region=None)
    with pytest.raises(BadCell, match="9 of 9 numbers are valid in DE: --region DE"):
        column.read("0151 12345678\x1e12")


@pytest.mark.parametrize("region", [None, "DE", "US"])
def test_full_numbers_beside_local_ones_are_refused_unless_they_are_the_rule(region):
    local = ["0151 12345678"] * 9
    with pytest.raises(BadCell, match="valid in DE: --region DE"):
        read(FULL[0], column=local)
    assert read(FULL[0], region, column=FULL * 9 + local[:1]) == "+4915112345678"
    assert read(FULL[0], "DE", column=local) == "+4915112345678"


@given(
    st.text(max_size=30) | st.text("+0123456789 ()-/;.,eEx:'", max_size=24), st.sampled_from([None, "DE", "MX", "US"])
)
def test_no_cell_raises_another_exception(cell, region):
    with contextlib.suppress(BadCell):
        assert PhoneColumn(region=region).read(cell).startswith("+")
