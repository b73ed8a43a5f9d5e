import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.importing.columns.mapping import map_columns
from leads.importing.errors_file import ErrorsFile
from leads.importing.readers.files import Row
from tests.leads.importing.tables import cells_of, opened, rows_of

HEADER = ["phone", "name", "type", "details"]
GOOD = ["+4915123456789", "=Zoë", "order", '"two"\r\ncakes; \'+1']


@pytest.fixture
def path(tmp_path):
    return tmp_path / "errors.csv"


def write(path, *rows, header=HEADER):
    with ErrorsFile(path, header) as errors:
        for row in rows:
            errors.write(row, "type", "type must be one of order, booking, inquiry.")
    return path.read_bytes()


def test_refused_rows_are_written_with_line_field_and_reason(path):
    with ErrorsFile(path, HEADER) as errors:
        errors.write(Row(7, GOOD), "type", "First reason.")
        errors.write(Row(9, ["x"]), None, "Second reason.")
    assert cells_of(path.read_bytes()) == [
        [*HEADER, "line", "field", "reason"],
        [*GOOD, "7", "type", "First reason."],
        ["x", "", "", "", "9", "", "Second reason."],
    ]
    assert errors.count == 2


def test_no_cell_is_a_formula_to_a_spreadsheet(path):
    text = write(path, Row(2, ["+49", "=1", "-1", "@x"])).decode("utf-8-sig")
    assert "\n'+49,'=1,'-1,'@x,2,type," in text


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_is_divided_by_a_program_with_another_separator(path, separator):
    """A German Excel separates by semicolons: after one, =1+1 would begin a cell and run."""
    text = write(path, Row(2, ["+49", f"a{separator}=1+1", "b", "c"])).decode("utf-8-sig")
    row = next(line for line in text.splitlines() if "=1+1" in line)
    assert f'"a{separator}' in row
    assert not any(cell.startswith("=") for cell in next(csv.reader([row], delimiter=separator)))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\t", "\n", "\r", "\u200b", "\ufeff"])
def test_a_start_of_a_formula_gets_an_apostrophe_that_reading_takes_off(path, before, start):
    data = write(path, Row(2, ["+49151", f"{before}{start}1", "order", "x"]))
    _, written = csv.reader(StringIO(data.decode("utf-8-sig"), newline=""))
    assert written[1].startswith("'")
    (row,) = opened(data).rows
    assert row.cells[1].strip() == f"{before}{start}1".strip("\u200b\ufeff").strip()


def test_the_file_has_a_byte_order_mark_and_mode_600(path):
    assert write(path, Row(2, GOOD)).startswith(b"\xef\xbb\xbf")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_corrected_file_gives_the_same_fields(path):
    data = write(path, Row(2, GOOD))
    table = opened(data)
    columns = map_columns(table.header, {})
    assert columns.pick(next(table.rows).cells) == tuple(GOOD)
    assert columns.ignored == ("line", "field", "reason")


def test_report_columns_get_other_names_if_the_file_has_those_names(path):
    header = ["phone", "Reason"]
    assert cells_of(write(path, Row(2, ["1", "2"]), header=header))[0] == [
        *header,
        "import_line",
        "import_field",
        "import_reason",
    ]


@pytest.mark.parametrize("header", [HEADER, [*HEADER, "reason"]])
def test_the_report_columns_of_an_earlier_errors_file_are_replaced(path, header):
    first = write(path, Row(7, ["a"] * len(header), None), header=header)
    table = opened(first)
    second = write(path, *table.rows, header=table.header)
    assert second == first.replace(b",7,", b",2,")


def test_cells_beyond_the_header_are_kept_in_every_errors_file(path):
    first = write(path, Row(2, [*GOOD, "", "surplus"], "The row has 6 cells."))
    table = opened(first)
    (row,) = table.rows
    assert row.error
    assert row.cells[-2:] == ["", "surplus"]
    assert write(path, row, header=table.header) == first


def test_without_refused_rows_there_is_no_file_and_an_earlier_one_is_removed(path):
    write(path, Row(2, GOOD))
    with ErrorsFile(path, HEADER):
        pass
    assert list(path.parent.iterdir()) == []


def test_an_earlier_one_stays_where_the_import_failed_before_it_knew(path):
    write(path, Row(2, GOOD))
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), ErrorsFile(path, HEADER):
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_file_appears_when_it_is_complete_and_after_an_exception(path):
    errors = ErrorsFile(path, HEADER)
    errors.write(Row(2, GOOD), None, "First reason.")
    assert not path.exists()
    with pytest.raises(KeyboardInterrupt), errors:
        raise KeyboardInterrupt
    errors.close()
    assert [file.name for file in path.parent.iterdir()] == ["errors.csv"]
    assert len(rows_of(path.read_bytes())) == 1


def test_a_lone_surrogate_is_written_escaped(path):
    assert b"\\ud800" in write(path, Row(2, ["\ud800", "a\0b"]))


# Reading removes invisible characters: see readers/broken_cells.py.
_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cf"], exclude_characters="\0\x1a"))


@given(st.lists(st.lists(_TEXTS, max_size=4)))
def test_every_row_is_read_with_its_cells(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("errors") / "errors.csv"
    data = write(path, Row(1, GOOD), *(Row(number, cells) for number, cells in enumerate(rows)))
    read = [list(row.cells[:4]) for row in rows_of(data)[1:]]
    assert read == [cells + [""] * (4 - len(cells)) for cells in rows]
