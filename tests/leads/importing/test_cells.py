import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leads.importing.cells import BadCell, UnknownRegion, quote_formula, read_phone, read_region, unquote_formula
from tests.conversations.phone_cases import ACCEPTED


@pytest.mark.parametrize(
    ("cell", "region", "phone"),
    [
        *((raw, region, phone) for raw, phone in ACCEPTED for region in (None, "DE")),
        # As spreadsheets change numbers.
        ("'+4915112345678", None, "+4915112345678"),
        ("''+49 151 12345678", None, "+4915112345678"),
        ("4915112345678", None, "+4915112345678"),
        ("4915112345678.0", None, "+4915112345678"),
        ("4915112345678,00", None, "+4915112345678"),
        ("49 151 12345678", None, "+4915112345678"),
        ("+4915112345678.0", None, "+4915112345678"),
        # Both forms of a Mexican mobile, one of which the library calls invalid.
        ("5215512345678", None, "+5215512345678"),
        ("525512345678", None, "+525512345678"),
        ("551187654321", None, "+551187654321"),
        # As lead forms and address books write numbers.
        ("p:+4915112345678", None, "+4915112345678"),
        ("Tel: +49 151 12345678", None, "+4915112345678"),
        # Numbers without a country code, with a region.
        ("0151 12345678", "DE", "+4915112345678"),
        ("(0151) 1234-5678", "DE", "+4915112345678"),
        ("0151/12345678", "DE", "+4915112345678"),
        ("15112345678", "DE", "+4915112345678"),
        ("4915112345678", "DE", "+4915112345678"),
        ("4915112345678.0", "DE", "+4915112345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("5215512345678", "MX", "+5215512345678"),
        ("212 555 1234", "US", "+12125551234"),
        ("1 212 555 1234", "US", "+12125551234"),
        ("9198765432", "IN", "+919198765432"),
        ("02 1234 5678", "IT", "+390212345678"),
        # The region does not change a number with a country code.
        ("+1 212 555 1234", "DE", "+12125551234"),
        ("0012125551234", "DE", "+12125551234"),
    ],
)
def test_a_phone_number_is_read(cell, region, phone):
    assert read_phone(cell, country_code=region) == phone


@pytest.mark.parametrize(
    ("cell", "region", "reason"),
    [
        ("", None, "empty"),
        (" \u00a0", None, "empty"),
        ("'", "DE", "empty"),
        ("tel:", None, "empty"),
        ("4.9151E+11", None, "Format the column as text"),
        ("4,9151E+11", "DE", "Format the column as text"),
        ("4.9e11", None, "Format the column as text"),
        ("+4915112345678; +4915112345679", None, "more than one"),
        ("+4915112345678 / +4915112345679", None, "more than one"),
        ("0151 12345678/0151 12345679", "DE", "more than one"),
        ("+4915112345678 +4915112345679", None, "more than one"),
        ("+4915112345678\n+4915112345679", None, "more than one"),
        ("0151 12345678 or 0151 12345679", "DE", "more than one"),
        ("0151 12345678", None, "--region"),
        ("12345678", None, "--region"),
        # 212 is both the area code of New York and the country code of Morocco. As a Moroccan number it is invalid.
        ("2125551234", None, "--region"),
        ("1234567890", None, "--region"),
        ("11987654321", None, "--region"),
        ("999999999999", None, "--region"),
    ],
)
def test_a_phone_number_is_refused_with_the_reason(cell, region, reason):
    with pytest.raises(BadCell, match=reason):
        read_phone(cell, country_code=region)


@pytest.mark.parametrize(
    ("cell", "region"), [("abc", None), ("abc", "DE"), ("+49.151.1", "DE"), ("+0123", None), ("0151 12345678 x5", "DE")]
)
def test_other_text_is_returned_unchanged(cell, region):
    assert read_phone(cell, country_code=region) == cell


@given(st.text(max_size=30) | st.text("+0123456789 ()-/;.,eE'", max_size=20), st.sampled_from([None, "DE", "MX", "US"]))
def test_no_cell_raises_another_exception(cell, region):
    with contextlib.suppress(BadCell):
        assert isinstance(read_phone(cell, country_code=region), str)


def test_a_region_is_the_two_letter_code_of_a_country():
    assert read_region(" de") == "DE"
    for code in ["", "Germany", "49", "XX"]:
        with pytest.raises(UnknownRegion, match="two letters"):
            read_region(code)


formulas = st.text("'=+-@\t\rx", max_size=8)


@given(st.text(max_size=20) | formulas)
@example("'=1+1")
@example("''=")
@example("'")
def test_a_quoted_text_is_not_a_formula_and_can_be_restored(text):
    quoted = quote_formula(text)
    assert not quoted.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unquote_formula(quoted) == text


@pytest.mark.parametrize("text", ["", "x", "O'Hara", "'quoted'", "'", "1-2", " =1"])
def test_other_texts_are_unchanged(text):
    assert quote_formula(text) == text
    assert unquote_formula(text) == text
