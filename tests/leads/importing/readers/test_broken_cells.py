import pytest

from leads.importing.readers.broken_cells import broken_text, clean_cell
from tests.leads.importing.tables import rows_of


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", " #NULL! ", "#SPILL!", "Err:502"])
def test_an_error_value_is_no_text(cell):
    assert "has the error value" in (broken_text(cell) or "")
    rows = rows_of(f"phone,name,type\n1,{cell},order\n2,x,order\n")
    assert [row.broken and list(row.broken) for row in rows] == [[1], None]
    assert (rows[0].broken or {})[1].startswith("“name” has the error value")


@pytest.mark.parametrize("cell", ["1.05407E+15", "4,9151E+12", "1.054e+18"])
def test_a_number_that_a_spreadsheet_rounded_is_no_text(cell):
    assert "cut off digits" in (broken_text(cell) or "")


@pytest.mark.parametrize("cell", ["", "#1", "#N/A in B", "A+", "1e5", "E+1", "C# + Err", "+4915123410001", "a@b+c.de"])
def test_other_texts_are(cell):
    assert broken_text(cell) is None


@pytest.mark.parametrize(
    ("cell", "clean"),
    [
        ("\u200e+49\u200f", "+49"),
        ("\ufeffa\ufeffb", "ab"),
        (" \u202a a \u202c ", "a"),
        ("a\x1a", "a"),
        ("👩\u200d🍳", "👩\u200d🍳"),
        (" a ", " a "),
    ],
)
def test_invisible_characters_are_removed_where_they_are_no_part_of_the_text(cell, clean):
    assert clean_cell(cell) == clean
