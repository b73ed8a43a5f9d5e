import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.importing.cells import quote_formula
from leads.importing.readers.rows import CELL_LIMIT, UnreadableFile
from tests.leads.importing.tables import HEADER, ROW, cells_of, memory_below, opened, piped, rows_of

# Without NUL, which cannot be stored, and invisible characters, which are removed.
texts = st.text(st.characters(exclude_categories=["Cs", "Cf"], exclude_characters="\0\x1a"), max_size=20)


def test_rows_have_the_line_in_which_they_begin():
    rows = rows_of('a,b\r\n1,"two\r\nlines\nor three"\r\n\r\n3,4\n5,6\r7,8')
    assert [(row.line, list(row.cells)) for row in rows] == [
        (2, ["1", "two\r\nlines\nor three"]),
        (6, ["3", "4"]),
        (7, ["5", "6"]),
        (8, ["7", "8"]),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_end_of_line_is_one_line(end):
    rows = rows_of(end.join([HEADER, ROW, ROW]))
    assert [row.line for row in rows] == [2, 3]


def test_an_end_of_line_split_between_two_blocks_is_one_line():
    """A line long enough that the \\r is the last byte of the first block, and the \\n the first of the second."""
    start = "a,b\r\n1," + "x" * (2**18 - 8)
    rows = rows_of(start + "\r\n3,4\r\n")
    assert len(start) == 2**18 - 1
    assert [(row.line, row.cells[0]) for row in rows] == [(2, "1"), (3, "3")]


def test_characters_that_only_python_treats_as_line_ends_are_text():
    text = "a\u2028b\x0bc\x0cd\x85e\x1cf"
    assert cells_of(f"a,b\n{text},2\n") == [["a", "b"], [text, "2"]]


def test_an_empty_file_is_refused():
    for data in ["", "\n\n \n", "\ufeff", ",,\n"]:
        with pytest.raises(UnreadableFile, match="is empty"):
            opened(data)


def test_a_header_alone_is_a_table_without_rows():
    assert cells_of(HEADER) == [HEADER.split(",")]


def test_one_column_is_a_table():
    assert cells_of("phone\n+49151234567\n\n+49151234568\n") == [["phone"], ["+49151234567"], ["+49151234568"]]


def test_two_hundred_columns_are_read():
    header = [f"column {number}" for number in range(200)]
    row = [str(number) for number in range(200)]
    assert cells_of(";".join(header) + "\n" + ";".join(row)) == [header, row]


def test_blank_rows_are_skipped():
    assert [row.line for row in rows_of("a,b\n\n1,2\n,\n \n,,,,\n3,4\n,,\n")] == [3, 7]


def test_missing_cells_are_empty_and_surplus_cells_an_error():
    rows = rows_of("a,b,c\n1\n1,2,3,,\n1,2,3,,5\n1,2,3\n")
    assert [list(row.cells) for row in rows] == [
        ["1", "", ""],
        ["1", "2", "3"],
        ["1", "2", "3", "", "5"],
        ["1", "2", "3"],
    ]
    assert [row.error for row in rows] == [None, None, "The row has 5 cells, and the header has 3.", None]


def test_a_nul_is_an_error_of_its_row_alone():
    rows = rows_of("a,b\n1,2\n3,x\0y\n5,6\n")
    assert [row.error for row in rows] == [None, "“b” has a NUL character, which cannot be stored.", None]


def test_a_cell_of_ten_megabytes_is_an_error_of_its_row_alone():
    for cell in ["x" * 10_000_000, '"' + "x\n" * 1_900_000 + '"']:
        # Among the first rows, in which the header is looked for, and after them.
        for before in (1, 1000):
            rows = rows_of("a,b\n" + "1,2\n" * before + f"3,{cell}\n5,6\n")
            assert [bool(row.error) for row in rows] == [*[False] * before, True, False]
            assert "more than" in str(rows[before].error)
    assert rows_of("a,b\n1," + "x" * CELL_LIMIT)[0].error is None


def test_an_open_quote_names_its_line():
    table = opened('a,b\n1,2\n3,"four\n5,6\n')
    assert next(table.rows).line == 2
    with pytest.raises(UnreadableFile, match=r"begins in line 3 .* never closed"):
        next(table.rows)


def test_an_open_quote_is_found_long_before_the_end():
    pipe = piped(b"5,6\n" * 10_000, 2**30, b'a,b\n1,2\n3,"four\n')
    with memory_below(120), pytest.raises(UnreadableFile, match=r"begins in line 3 .* never closed"):
        list(opened(pipe).rows)
    assert pipe.given < 8 * 2**20


def test_an_open_quote_in_the_header_is_an_error():
    with pytest.raises(UnreadableFile, match="begins in line 1 "):
        opened('a,"b\n1,2\n')


def test_text_after_a_closing_quote_is_an_error_that_names_the_lines():
    rows = rows_of('a,b\n1,"2\n3,"4"\n5,6\n7,"say \\"hi\\""\n9,10\n')
    assert [(row.line, list(row.cells)) for row in rows] == [
        (2, ['1,"2\n3,"4"']),
        (4, ["5", "6"]),
        (5, ['7,"say \\"hi\\""']),
        (6, ["9", "10"]),
    ]
    assert [str(row.error)[:16] for row in rows if row.error] == ["Lines 2 to 3 can", "Line 5 cannot be"]


def test_the_quote_before_a_formula_is_removed():
    assert cells_of("a,b\n'+49151234567,'=1+1\n'quoted',''=x\n") == [
        ["a", "b"],
        ["+49151234567", "=1+1"],
        ["'quoted'", "'=x"],
    ]


@pytest.mark.parametrize("piece", [b"\0", b"x", b"\n", b'"', b",", "ä".encode()])
def test_an_endless_stream_is_refused_in_bounded_memory(piece):
    pipe = piped(piece * 2**18, 3 * 10**9)
    with memory_below(250), pytest.raises(UnreadableFile):
        list(opened(pipe, format="csv").rows)
    assert pipe.given < 2**26


def test_zeros_after_valid_rows_are_refused_early():
    pipe = piped(b"\0" * 2**18, 3 * 10**9, f"{HEADER}\n".encode() + f"{ROW}\n".encode() * 20_000)
    with memory_below(120), pytest.raises(UnreadableFile, match="Line 20002 does not end"):
        list(opened(pipe).rows)
    assert pipe.given < 2**25


def assert_read_in_constant_memory(size):
    notes = "Two cakes, please. " * 30
    lines = "".join(f'+49151{number:08d},Zoë,order,"{notes}\n{number}"\n' for number in range(1000)).encode()
    with memory_below(6):
        count = sum(1 for row in opened(piped(lines, size, f"{HEADER}\n".encode())).rows if row.error is None)
    assert count == 1000 * -(-size // len(lines))


def test_ten_megabytes_are_read_in_constant_memory():
    assert_read_in_constant_memory(10**7)


@given(
    st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), min_size=1)),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
)
def test_every_table_is_read_as_it_was_written(table, delimiter, quoting, end, encoding):
    # The phones keep a row from being a footer, and the header from being searched for in another row.
    table = [["Phone", *table[0][1:]], *([f"+49151{row[0]}", *row[1:]] for row in table)]
    if end != "\r\n":
        # csv.writer of Python 3.11 does not quote a cell that contains another end of line.
        quoting = csv.QUOTE_ALL
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([[quote_formula(cell) for cell in row] for row in table])
    read = cells_of(file.getvalue().encode(encoding), delimiter=delimiter, encoding=encoding.removesuffix("-sig"))
    assert read == [table[0], *(row for row in table[1:] if any(map(str.strip, row)))]
