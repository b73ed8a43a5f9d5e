import io
import zipfile

import pytest

from leads.importing.readers.rows import UnreadableFile
from tests.leads.importing.tables import cells_of, opened, rows_of

KIND = "application/vnd.oasis.opendocument.spreadsheet"
HEADER = (
    "<table:table-row><table:table-cell><text:p>Phone</text:p></table:table-cell><table:table-cell><text:p>Na"
    "<text:span>me</text:span></text:p></table:table-cell><table:table-cell/></table:table-row>"
)


def book(*rows, more="", manifest=""):
    names = "".join(f" xmlns:{name}='urn:{name}'" for name in ("office", "table", "text", "style", "draw", "manifest"))
    tables = f"<table:table table:name='Leads' table:style-name='ta1'>{HEADER}{''.join(rows)}</table:table>{more}"
    content = (
        f"<office:document-content{names}><office:automatic-styles><style:style style:name='ta2'>"
        "<style:table-properties table:display='false'/></style:style></office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", KIND)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest or "<manifest/>")
    return file.getvalue()


def row(*cells, attributes=""):
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(text="", attributes=""):
    shown = "".join(f"<text:p>{line}</text:p>" for line in text.splitlines())
    return f"<table:table-cell {attributes}>{shown}</table:table-cell>"


def value(kind, stored, text):
    name = {"date": "date-value", "boolean": "boolean-value"}.get(kind, "value")
    return cell(text, f"office:value-type='{kind}' office:{name}='{stored}'")


def read(*rows, **options):
    return cells_of(book(*rows, **options), "leads.ods")


def test_cells_are_read_as_seen():
    values = {
        value("float", "4915112345678", "4.91511E+12"): "4915112345678",
        value("float", "4915112345678", "###"): "4915112345678",
        value("float", "1512345678", "01512345678"): "01512345678",
        value("float", "4915112345678", "4.915.112.345.678"): "4915112345678",
        value("float", "1234.5", "1.234,50"): "1.234,50",
        value("percentage", "0.19", "19%"): "19%",
        value("currency", "1234.5", "1.234,50 €"): "1.234,50 €",
        value("date", "2025-11-01", "01.11.25"): "2025-11-01",
        value("date", "2025-11-01T09:30:00", "01.11.25 09:30"): "2025-11-01 09:30:00",
        value("boolean", "true", "WAHR"): "TRUE",
        cell("two\nlines"): "two\nlines",
        cell("a<text:s text:c='3'/>b<text:tab/>c<text:line-break/>d"): "a   b\tc\nd",
        "<table:table-cell><office:annotation><text:p>note</text:p></office:annotation><text:p>x</text:p>"
        "</table:table-cell>": "x",
    }
    for written, text in values.items():
        assert read(row(cell("+49151"), written))[1] == ["+49151", text]


def test_broken_cells_are_said():
    for written, problem in {
        cell("", "table:formula='of:=[.A1]'"): "has a formula whose result is not in the file",
        cell("#N/A", "table:formula='of:=NA()' office:value-type='string'"): "has the error value #N/A",
        value("float", "0", "#DIV/0!"): "has the error value #DIV/0!",
        value("float", "1.054070000000001E+018", "1054070000000001000"): "has a number of more than 15 digits",
    }.items():
        (found,) = rows_of(book(row(cell("+49151"), written)), "leads.ods")
        assert f"“Name” (cell B2) {problem}" in (found.broken or {})[1]


def test_repeated_rows_and_cells():
    repeated = "table:number-rows-repeated='{}'".format
    wide = cell("", "table:number-columns-repeated='16382'")
    rows = [
        row(cell("1", "table:number-columns-repeated='2'"), wide),
        row(cell("2"), cell("b"), attributes=repeated(2)),
        row(wide, attributes=repeated(1_000_000)),
    ]
    assert [(found.line, list(found.cells)) for found in rows_of(book(*rows), "leads.ods")] == [
        (2, ["1", "1"]),
        (3, ["2", "b"]),
        (4, ["2", "b"]),
    ]
    with pytest.raises(UnreadableFile, match="more than a workbook can have"):
        rows_of(book(row(cell(), attributes=repeated(2_000_000)), row(cell("1"))), "leads.ods")


def test_a_merged_cell_is_seen_beside_all_its_rows():
    covered = "<table:covered-table-cell/>"
    rows = [
        row(cell("1", "table:number-rows-spanned='2'"), cell("a")),
        row(covered, cell("b")),
        row(cell("2"), cell("c")),
    ]
    assert read(*rows)[1:] == [["1", "a"], ["1", "b"], ["2", "c"]]


def test_sheets_are_chosen_and_hidden_ones_not_read():
    hidden = f"<table:table table:name='Secret' table:style-name='ta2'>{HEADER}{row(cell('9'))}</table:table>"
    other = f"<table:table table:name='Old'>{HEADER}{row(cell('3'))}</table:table>"
    table = opened(book(row(cell("1")), more=hidden + other), "leads.ods")
    assert (table.sheet, table.sheets, table.alike, table.format) == (
        "Leads",
        ("Leads", "Old"),
        ("Leads", "Old"),
        "ods",
    )
    assert read(row(cell("1")), more=hidden)[1] == ["1", ""]
    assert rows_of(book(more=other), "leads.ods", sheet="Old")[0].cells == ["3", ""]


def test_a_spreadsheet_with_a_password_is_refused():
    with pytest.raises(UnreadableFile, match="has a password"):
        opened(book(manifest="<manifest:encryption-data/>"), "leads.ods")
