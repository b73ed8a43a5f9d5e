"""Workbooks whose parts are written by hand, as other programs than openpyxl write them."""

import io
import re
import zipfile

import pytest

from leads.importing.readers.rows import UnreadableFile
from tests.leads.importing.tables import cells_of, opened, rows_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
TEXTS = "<si><t>Phone</t></si><si><r><t>Na</t></r><r><t>me</t></r><rPh><t>x</t></rPh></si><si><t>Notes</t></si>"


def book(
    rows: str, *, formats: str = "", after: str = "", calc: str = "", strict: bool = False, prefix: str = ""
) -> bytes:
    codes = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{code}"/>' for n, code in enumerate(formats.split("|")))
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(formats.count("|") + 1))
    relation = f'<Relationship Id="{{}}" Type="{KIND}/{{}}" Target="{{}}"/>'.format
    sheet = f"<worksheet xmlns='{MAIN}'><sheetData>{HEADER}{rows}</sheetData>{after}</worksheet>"
    parts = {
        "_rels/.rels": f"<Relationships>{relation('r1', 'officeDocument', '/xl/workbook.xml')}</Relationships>",
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{KIND}'><sheets><sheet name='Leads' r:id='r1'/></sheets>"
        f"{calc}</workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relation('r1', 'worksheet', 'worksheets/sheet1.xml')}"
        f"{relation('r2', 'styles', 'styles.xml')}{relation('r3', 'sharedStrings', 'sharedStrings.xml')}"
        "</Relationships>",
        "xl/styles.xml": f"<styleSheet><numFmts>{codes}</numFmts><cellStyleXfs><xf numFmtId='9'/></cellStyleXfs>"
        f"<cellXfs><xf numFmtId='0'/>{styles}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f"<sst>{TEXTS}</sst>",
        "xl/worksheets/sheet1.xml": sheet,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            text = content
            if strict:
                text = text.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")
                text = text.replace(KIND, "http://purl.oclc.org/ooxml/officeDocument/relationships")
            if prefix and "<worksheet" in text:
                text = re.sub("<(/?)", rf"<\1{prefix}:", text).replace("xmlns=", f"xmlns:{prefix}=")
            archive.writestr(name, text)
    return file.getvalue()


def read(rows, **options):
    return cells_of(book(rows, **options), "leads.xlsx")[1:]


def broken(rows, **options):
    (row,) = rows_of(book(rows, **options), "leads.xlsx")
    return row.broken


def cell(content, attributes=""):
    return f'<row r="2"><c r="A2" t="inlineStr"><is><t>+49151</t></is></c><c r="B2" {attributes}>{content}</c></row>'


@pytest.mark.parametrize("options", [{}, {"strict": True}, {"prefix": "x"}])
def test_namespaces_do_not_matter(options):
    table = opened(book(cell("<v>1</v>"), **options), "leads.xlsx")
    assert table.header == ["Phone", "Name", "Notes"]
    assert [list(row.cells) for row in table.rows] == [["+49151", "1", ""]]


@pytest.mark.parametrize(
    ("content", "attributes"),
    [("<f>A1&amp;1</f>", ""), ("<f>A1&amp;1</f><v/>", ""), ("<f>A1&amp;1</f><v></v>", 't="n"')],
)
def test_a_formula_without_its_result_is_broken_and_shown(content, attributes):
    (row,) = rows_of(book(cell(content, attributes)), "leads.xlsx")
    assert row.cells[1] == "=A1&1"
    assert (row.broken or {})[1].startswith(
        "“Name” (cell B2) has a formula whose result is not in the file. Open the file in"
    )


def test_a_formula_with_its_result_is_the_result():
    assert read(cell("<f>1+1</f><v>2</v>")) == [["+49151", "2", ""]]
    assert read(cell("<f>A1</f><v></v>", 't="str"')) == [["+49151", "", ""]]
    assert read(cell("<f>A1</f><v>x</v>", 't="str"')) == [["+49151", "x", ""]]


def test_zero_is_no_result_where_the_file_says_that_all_formulas_must_be_computed():
    calc = '<calcPr fullCalcOnLoad="1"/>'
    assert broken(cell("<f>1+1</f><v>0</v>"), calc=calc)
    assert not broken(cell("<f>1-1</f><v>0</v>"))
    assert not broken(cell("<f>1+1</f><v>2</v>"), calc=calc)
    assert not broken(cell("<v>0</v>"), calc=calc)


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!"])
def test_an_error_value_is_broken(value):
    for kind in ("e", "str", "inlineStr"):
        content = f"<is><t>{value}</t></is>" if kind == "inlineStr" else f"<f>X</f><v>{value}</v>"
        assert f"“Name” (cell B2) has the error value {value}." in broken(cell(content, f't="{kind}"'))[1]


@pytest.mark.parametrize("value", ["1054070000000001", "1.054070000000001e+18", "-1E+15", "1e400", "NaN"])
def test_a_number_of_more_than_15_digits_is_broken(value):
    assert "“Name” (cell B2) has a number of more than 15 digits" in broken(cell(f"<v>{value}</v>"))[1]


@pytest.mark.parametrize(
    ("value", "text"), [("999999999999999", "999999999999999"), ("4.915112345678E+12", "4915112345678")]
)
def test_a_number_of_15_digits_is_whole(value, text):
    assert read(cell(f"<v>{value}</v>"))[0][1] == text


def test_numbers_are_read_as_seen():
    formats = "00000000000|+#|0%|yyyy\\-mm\\-dd|&quot;€&quot; 0.00"
    for style, (value, text) in enumerate(
        [
            ("1512345678", "01512345678"),
            ("49151", "+49151"),
            ("0.5", "50%"),
            ("45962", "2025-11-01"),
            ("3.5", "€ 3.50"),
        ],
        start=1,
    ):
        assert read(cell(f"<v>{value}</v>", f's="{style}"'), formats=formats)[0][1] == text
    assert "is a date before" in broken(cell("<v>-1</v>", 's="4"'), formats=formats)[1]


def test_other_kinds_of_cells():
    assert read(cell("<v>1</v>", 't="b"'))[0][1] == "TRUE"
    assert read(cell("<v>0</v>", 't="b"'))[0][1] == "FALSE"
    assert read(cell("<v>2025-11-01T00:00:00</v>", 't="d"'))[0][1] == "2025-11-01"
    assert read(cell("<is><r><t>a</t></r><r><t> b_x000A_c</t></r></is>", 't="inlineStr"'))[0][1] == "a b\nc"
    assert read(cell("<v>_x005F_x000A_</v>", 't="str"'))[0][1] == "_x000A_"


def test_cells_and_rows_without_their_names_follow_each_other():
    assert read("<row><c><v>1</v></c><c/><c><v>3</v></c></row>")[0] == ["1", "", "3"]


def test_a_cell_merged_with_those_below_is_seen_in_each_row():
    rows = (
        '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>'
        '<row r="3"><c r="A3"/><c r="C3"><v>3</v></c></row><row r="4"><c r="A4"/></row>'
        '<row r="5"><c r="A5"><v>4</v></c><c r="B5"><v>5</v></c></row>'
    )
    merged = '<mergeCells count="2"><mergeCell ref="A2:A4"/><mergeCell ref="B5:C5"/></mergeCells>'
    assert read(rows, after=merged) == [["1", "2", ""], ["1", "", "3"], ["4", "5", ""]]


@pytest.mark.parametrize(
    "rows",
    [
        cell("<v>x</v>"),
        cell("<v>99</v>", 't="s"'),
        cell("<v>1</v>", 's="x"'),
        '<row r="x"/>',
        '<row r="2"><c r="??"><v>1</v></c></row>',
        '<row r="2"><c r="ZZZ2"><v>1</v></c></row>',
        "<row>&lol;</row>",
        "</sheetData>",
    ],
)
def test_a_damaged_sheet_is_refused(rows):
    with pytest.raises(UnreadableFile):
        rows_of(book(rows), "leads.xlsx")


def test_a_document_type_with_entities_is_refused():
    data = book("")
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            start = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' if name.endswith("sharedStrings.xml") else b""
            target.writestr(name, start + content)
    with pytest.raises(UnreadableFile, match="damaged"):
        opened(file.getvalue(), "leads.xlsx")
