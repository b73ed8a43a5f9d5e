import pytest

from leads.importing.columns.names import ALSO_VALUES, field_of, folded
from leads.importing.columns.values import _TABLES
from leads.importing.readers.headers import CERTAIN, find_header, header_score, looks_like_phone
from leads.importing.readers.rows import UnreadableFile
from leads.models import Lead
from tests.leads.importing.tables import cells_of, opened, rows_of, workbook

TABLE = [["Phone", "Name", "Type"], ["+4915123410001", "Anna", "order"]]
TEXT = "Phone,Name,Type\n+4915123410001,Anna,order\n"


@pytest.mark.parametrize(
    "title", ["Report of 1 Nov\n", '"Report, of 1 Nov"\n\n', "Report,,\nOwner,Anna,\n,,\n", "\n \n,,\n"]
)
def test_titles_and_blank_lines_above_the_header_are_not_read(title):
    assert cells_of(title + TEXT) == TABLE
    table = opened(title + TEXT)
    assert next(table.rows).line == title.count("\n") + 2
    assert bool(table.notes) == ("Report" in title)


def test_a_note_says_what_was_above_the_header():
    table = opened("Report of 1 Nov\nby Anna\n\n" + TEXT)
    assert table.notes == ["2 lines above the header were not read: “Report of 1 Nov”, “by Anna”."]
    assert table.header_line == 4


def test_the_line_of_the_header_can_be_given():
    text = "Phone,Name,Type\nTelefon,Wer,Art\n+4915123410001,Anna,order\n"
    assert cells_of(text, header_row=2) == [["Telefon", "Wer", "Art"], TABLE[1]]
    assert rows_of('"open\n' + TEXT, header_row=2)[0].line == 3
    for number in (0, 4, 1001, -1):
        with pytest.raises(UnreadableFile, match="line"):
            opened(text, header_row=number)
    with pytest.raises(UnreadableFile, match="Only CSV files and workbooks"):
        opened('{"phone": "1"}', header_row=2)
    assert opened('{"phone": "1"}', header_row=1).format == "jsonl"


def test_a_row_of_data_is_no_header():
    text = "Nummer des Kunden,Art der Nummer\n+4915123410001,Mobile\n,Mobile\n"
    assert opened(text).header == ["Nummer des Kunden", "Art der Nummer"]
    assert opened("Phone,Name\n+4915123410001,Contact\n").header == ["Phone", "Name"]


@pytest.mark.parametrize(
    "header", ["Art,Quelle", "Name,Art,Quelle", "name,type,source", "Nombre,Estado,Origen", "Wer,Was,Woher"]
)
@pytest.mark.parametrize("inquiry", ["Anfrage", "Inquiry", "request"])
def test_an_inquiry_by_whatsapp_is_a_row_of_data(header, inquiry):
    names = header.split(",")
    rows = [["Anna", "x", "Import"], ["Ben", inquiry, "WhatsApp"], ["Cem", inquiry, "WhatsApp"]]
    cells = [names, *(row[-len(names) :] for row in rows)]
    assert cells_of("\n".join(map(",".join, cells))) == cells
    assert cells_of(workbook(*cells), "leads.xlsx") == cells


def test_the_same_words_name_columns_below_a_title():
    table = [["WhatsApp", "Anfrage"], ["+4915123410001", "Two cakes"]]
    for title in ([], [["Report"]]):
        assert cells_of("\n".join(map(",".join, [*title, *table]))) == table
    assert header_score(["Name", "WhatsApp", "Anfrage"], {}) >= CERTAIN
    assert header_score(["Anfrage", "WhatsApp"], {"Anfrage": "type"}) >= CERTAIN


def test_words_that_are_values_and_names_are_known():
    both = {folded(word) for table in _TABLES.values() for word in table if field_of(word)}
    assert {*both, *(folded(source) for source in Lead.Source.values if field_of(source))} == ALSO_VALUES


def test_the_columns_that_a_person_has_named_find_the_header():
    text = "Report,2026,x\nRN 2,Wer,Art\n+4915123410001,Anna,order\n"
    assert opened(text).header == ["Report", "2026", "x"]
    assert opened(text, mapping={"RN 2": "customer_phone"}).header == ["RN 2", "Wer", "Art"]


def test_titles_above_unknown_columns_are_found_by_their_single_cell():
    assert find_header([["Report"], ["by Anna"], ["A", "B"], ["1", "2"]], {}) == 2
    assert find_header([["A"], ["1"]], {}) == 0
    assert find_header([], {}) == 0


def test_a_header_after_thirty_rows_is_not_searched_for():
    table = opened("a,b\n" * 40 + TEXT)
    assert table.header == ["a", "b"]
    assert len(list(table.rows)) == 41


@pytest.mark.parametrize("cell", ["+49 1512 3410001", "(0151) 234-1000", "p:+4915123410001", "Anna +49 151 2341000"])
def test_a_cell_with_a_phone_number_looks_like_one(cell):
    assert looks_like_phone(cell)


@pytest.mark.parametrize(
    "cell", ["11/1/2026 9:01 AM", "2026-11-01", "Total: 12", "Phone 1 - Value", "1,234,567.00", ""]
)
def test_other_cells_do_not(cell):
    assert not looks_like_phone(cell)


def test_invisible_characters_decide_nothing():
    header = "\ufeff\ufeff\u200ePhone\u200f,\u200bName,Ty\u00adpe\n"
    row = "\ufeff+4915123410001,\u202aAnna\u202c,or\u200bder\n"
    assert cells_of(header + row + "\u200b,\ufeff\n") == TABLE
    assert cells_of('Phone,Name\n\ufeff"+4915123410001","Anna, B."\n')[1] == ["+4915123410001", "Anna, B."]
    # A joiner inside a name belongs to it.
    assert cells_of("Phone,Name\n+4915123410001,نامه\u200cها\n")[1][1] == "نامه\u200cها"
