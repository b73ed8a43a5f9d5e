import gzip
import json

import pytest

from leads.importing.readers.files import UnreadableFile
from tests.cases import each_case
from tests.leads.importing.tables import HEADER, ROW, Pipe, opened, rows_of, workbook

CSV = f"{HEADER}\n{ROW}\n".encode()
JSON = json.dumps(dict(zip(HEADER.split(","), ROW.split(","), strict=True))).encode()
XLSX = workbook(HEADER.split(","), ROW.split(","))


@each_case(
    ("data", "name", "options", "format_"),
    [
        (CSV, "leads.csv", {}, "csv"),
        (CSV.replace(b",", b"\t"), "leads.TSV", {}, "csv"),
        (CSV, "-", {}, "csv"),
        (CSV, "leads.json", {"format": "csv"}, "csv"),
        (CSV.decode().encode("utf-16"), "-", {}, "csv"),
        (JSON, "leads.jsonl", {}, "jsonl"),
        (JSON, "leads.csv", {"format": "jsonl"}, "jsonl"),
        (JSON, "-", {}, "jsonl"),
        (b"\xef\xbb\xbf\n" + JSON, "-", {}, "jsonl"),
        (JSON.decode().encode("utf-16"), "-", {}, "jsonl"),
        (XLSX, "leads.xlsx", {}, "xlsx"),
        (XLSX, "-", {}, "xlsx"),
        (XLSX, "leads.csv", {}, "xlsx"),
    ],
)
def test_the_format_is_the_option_or_the_file_ending_or_detected(data, name, options, format_):
    table = opened(data, name, **options)
    assert table.format == format_
    assert table.header == HEADER.split(",")
    assert [list(row.cells) for row in table.rows] == [ROW.split(",")]


@pytest.mark.parametrize(
    ("data", "options", "reason"),
    [
        (b"", {}, "is empty"),
        (gzip.compress(CSV), {}, "Unpack it first"),
        (CSV, {"format": "yaml"}, "no format “yaml”. The formats are csv, jsonl, xlsx, ods, vcf"),
        (CSV, {"format": "xlsx"}, "no Excel workbook"),
        (CSV, {"delimiter": "::"}, "must be one character"),
        (CSV, {"delimiter": ""}, "must be one character"),
        (CSV, {"delimiter": '"'}, "must be one character"),
        (CSV, {"delimiter": "\n"}, "must be one character"),
    ],
)
def test_a_file_that_cannot_be_opened_gets_a_message_with_the_next_step(data, options, reason):
    with pytest.raises(UnreadableFile, match=reason):
        opened(data, **options)


def test_a_pipe_in_small_pieces_is_read_whole():
    pieces = (CSV[start : start + 3] for start in range(0, len(CSV), 3))
    assert len(rows_of(Pipe(pieces))) == 1
