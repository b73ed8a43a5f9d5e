import csv
import io

import pytest

from leads.importing.readers.delimiters import sniff_delimiter
from tests.leads.importing.tables import cells_of, rows_of

TABLE = [["Phone", "Name", "Type"], ["+4915123410001", "Anna", "order"]]
TEXT = "Phone,Name,Type\n+4915123410001,Anna,order\n"


@pytest.mark.parametrize("first", ["sep=;\r\n", "SEP=;\n", '"sep=;"\n', "\ufeffsep=;\n", "sep=;;;\n"])
def test_a_line_that_names_the_delimiter_is_not_read(first):
    assert cells_of(first + TEXT.replace(",", ";")) == TABLE
    assert rows_of(first + TEXT.replace(",", ";"))[0].line == 3


def test_a_named_delimiter_may_be_any_character():
    assert cells_of("sep=^\n" + TEXT.replace(",", "^")) == TABLE
    assert cells_of("sep=\t\n" + TEXT.replace(",", "\t")) == TABLE


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_the_delimiter_is_detected(delimiter, quoting):
    table = [
        ["Phone", "Full name", "Type", "Notes; other"],
        *(["+49 151 234", "Doe, John", "order", f'"{n}" cakes; | two\tor\n three, 3,50 each'] for n in range(20)),
    ]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(table)
    assert cells_of(file.getvalue()) == table


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("phone;price\n1;1,5\n2;2,5\n", ";"),
        ("phone,name\n", ","),
        ("phone\n1\n", ","),
        ("name|comment, free\nx|a, b, c\ny|\n", "|"),
        ('a;b\n1;"' + "open, " * 20_000, ";"),
        ("", ","),
    ],
)
def test_the_delimiter_that_gives_each_row_the_cells_of_the_header_is_chosen(text, delimiter):
    assert sniff_delimiter(text.splitlines(keepends=True)) == delimiter


def test_titles_above_the_header_do_not_decide():
    lines = ["Report, of | 1 Nov\n", "\n", "Phone;Name\n", "+4915123410001;Anna, B.\n"]
    assert sniff_delimiter(lines) == ";"
