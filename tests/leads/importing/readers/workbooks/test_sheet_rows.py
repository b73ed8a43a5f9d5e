import io
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from openpyxl import Workbook

from leads.importing.readers.rows import UnreadableFile
from tests.leads.importing.tables import Pipe, cells_of, memory_below, opened, piped, rows_of, workbook

HEADER = ["phone", "name"]
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600


def read(data, **options):
    return cells_of(data, "leads.xlsx", **options)


def rewritten(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with a replacement in one of its parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old in content
                content = content.replace(old, new)
            target.writestr(name, content)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_values_are_written_as_a_person_would_write_them():
    values = {
        4915112345678: "4915112345678",
        4915112345679.0: "4915112345679",
        1.5: "1.5",
        -3: "-3",
        True: "TRUE",
        datetime(2026, 3, 1): "2026-03-01",  # noqa: DTZ001 - a workbook has no time zones
        datetime(2026, 3, 1, 9, 30): "2026-03-01 09:30:00",  # noqa: DTZ001 - the same
        date(2026, 3, 2): "2026-03-02",
        time(9, 30): "09:30:00",
        timedelta(hours=30): "30:00:00",
        " Zoë \n": " Zoë \n",
        "'+49151234567": "+49151234567",
    }
    header = [f"column {number}" for number in range(len(values))]
    assert read(workbook(header, list(values))) == [header, list(values.values())]


def test_a_formula_is_read_as_its_saved_value_and_text_that_looks_like_a_formula_as_text():
    data = workbook(HEADER, ["=1+1", "=x"], ["x", "y"])
    saved = rewritten(data, SHEET, b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
    saved = rewritten(saved, SHEET, b'<c r="B2"><f>x</f><v /></c>', b'<c r="B2" t="inlineStr"><is><t>=x</t></is></c>')
    assert read(saved)[1] == ["2", "=x"]


def test_rows_have_their_number_in_the_sheet_and_blank_ones_are_left_out():
    rows = rows_of(workbook([], HEADER, [], ["1", None], [None, " "], [None, None, None], ["2", "b"]), "leads.xlsx")
    assert [(row.line, row.cells) for row in rows] == [(4, ["1", ""]), (7, ["2", "b"])]


def test_surplus_cells_are_an_error():
    rows = rows_of(workbook(HEADER, [1, 2, 3], [1, 2, None, " "], [1, "x" * 32_000]), "leads.xlsx")
    assert [bool(row.error) for row in rows] == [True, False, False]


@pytest.mark.parametrize("size", [b"A1", b"A1:A1", b"A1:XFD1048576"])
def test_wrong_dimensions_in_the_sheet_remove_no_cells(size):
    data = rewritten(workbook(HEADER, [1, "a"], [2, "b"]), SHEET, b'ref="A1:B3"', b'ref="' + size + b'"')
    assert read(data) == [HEADER, ["1", "a"], ["2", "b"]]


def test_the_first_sheet_is_read_or_the_one_that_is_named():
    data = workbook(HEADER, titles=("One", "Two"))
    assert read(data) == [HEADER]
    assert read(data, sheet="One") == [HEADER]
    with pytest.raises(UnreadableFile, match="sheet is empty"):
        opened(data, sheet="Two")
    with pytest.raises(UnreadableFile, match=r"no sheet “Three”\. The sheets are One, Two"):
        opened(data, sheet="Three")


def test_a_pipe_is_read():
    data = workbook(HEADER, [1, "a"])
    assert read(Pipe(iter([data[:100], data[100:]]))) == [HEADER, ["1", "a"]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (COMPOUND, r"old \.xls workbook, or has a password"),
        (b"PK\x03\x04" + b"x" * 1000, "cut off or damaged"),
        (workbook(HEADER)[:-200], "cut off or damaged"),
        (workbook(), "sheet is empty"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_not_a_workbook_is_refused_with_the_next_step(data, reason):
    with pytest.raises(UnreadableFile, match=reason):
        opened(data, "leads.xlsx")


def test_a_damaged_workbook_is_refused():
    for part, old, new in [
        (SHEET, b"</row>", b"<row>"),
        (SHEET, b"<sheetData>", b"<sheetData>&x;"),
        ("xl/workbook.xml", b"<sheets>", b"<sheetx>"),
    ]:
        with pytest.raises(UnreadableFile, match="damaged"):
            rows_of(rewritten(workbook(HEADER, [1, 2]), part, old, new), "leads.xlsx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    data = rewritten(workbook(HEADER), SHEET, b"<sheetData>", b"<sheetData>" + b" " * 50_000_000)
    assert len(data) < 100_000
    with memory_below(5), pytest.raises(UnreadableFile, match="too much to be safe"):
        opened(data, "leads.xlsx")


def test_a_very_large_row_number_is_refused():
    data = rewritten(workbook(HEADER, [1, 2]), SHEET, b'<row r="2"', b'<row r="2000000000"')
    with pytest.raises(UnreadableFile, match="more than a workbook can have"):
        rows_of(data, "leads.xlsx")


def test_an_endless_pipe_that_begins_like_a_workbook_is_refused():
    pipe = piped(b"\0" * 2**18, 3 * 10**9)
    with pytest.raises(UnreadableFile, match="no Excel workbook"):
        opened(pipe, format="xlsx")
    assert pipe.given < 2**20


def test_the_position_goes_to_1():
    table = opened(workbook(HEADER, *([n, "x"] for n in range(99))), "leads.xlsx")
    assert table.position() != 1
    list(table.rows)
    assert table.position() == 1


@pytest.mark.parametrize(
    ("rows", "merges", "header"),
    [
        # The second line of a header has the names, beside one that is merged over both.
        ([["Phone", "Name", None], [None, "First name", "Last name"]], ["A1:A2", "B1:C1"], 1),
        ([["Phone", "Name"], [None, None]], ["A1:A2", "B1:B2"], 0),
        # A merged cell of a row of data is no header.
        ([["Phone", "Name", "Notes"], ["+4915123410002", "Name", "x"]], [], 0),
    ],
)
def test_a_header_of_two_lines_is_the_second_one(rows, merges, header):
    book = Workbook()
    sheet = book.worksheets[0]
    for row in [*rows, ["+4915123410001", "Zoë", "Doe"][: len(rows[0])]]:
        sheet.append(row)
    for merged in merges:
        sheet.merge_cells(merged)
    file = io.BytesIO()
    book.save(file)
    table = opened(file.getvalue(), "leads.xlsx")
    assert table.header == ["Phone" if header else rows[0][0], *rows[header][1:]]
    assert table.header_line == header + 1
    assert list(table.rows)[-1].cells[0] == "+4915123410001"
