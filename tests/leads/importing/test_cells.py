import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leads.importing.cells import is_blank, quote_formula, unquote_formula

formulas = st.text("'=+-@;,\t\r\n x\u00a0\u200b\uff1d\uff0b\uff0d\uff20", max_size=8)


@given(st.text(max_size=20) | formulas)
@example("'=1+1")
@example("''=")
@example("'")
@example("a;=1+1")
@example("a\t@x\n-1")
@example(";\u00a0\t=")
def test_a_quoted_text_is_not_a_formula_and_can_be_restored(text):
    quoted = quote_formula(text)
    assert not quoted.startswith(("\t", "\r", "\n"))
    assert not quoted.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    for cell in re.split(r"[;\t\r\n]", quoted):
        assert not cell.startswith(("=", "+", "-", "@"))
    assert unquote_formula(quoted) == text


@pytest.mark.parametrize("text", ["", "x", "O'Hara", "'quoted'", "'", "1-2", "x =1"])
def test_other_texts_are_unchanged(text):
    assert quote_formula(text) == text
    assert unquote_formula(text) == text


@pytest.mark.parametrize(
    "cell", ["", " ", "\u200b", "-", " -- ", "\u2014", "n/a", "N/A", "n.a.", "NULL", "(null)", "None", "___"]
)
def test_a_cell_that_says_nothing_is_blank(cell):
    assert is_blank(cell)


@pytest.mark.parametrize(
    "cell", ["0", "Na", "Nan", "Nulla", "?", "- 2 cakes", "n/a (asks later)", "\U0001f338", "-1", "none of them"]
)
def test_a_cell_that_says_something_is_not(cell):
    assert not is_blank(cell)
