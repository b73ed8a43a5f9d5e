import io
import zipfile

import pytest

from leads.importing.readers.rows import UnreadableFile
from tests.cases import each_case
from tests.leads.importing.tables import HEADER, ROW, cells_of, opened, workbook

CSV = f"{HEADER}\n{ROW}\n"
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600
XML = '<?xml version="1.0"?>\n'


def archive(**parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("name", ["leads.xlsx", "LEADS.XLS", "leads.ods", "leads.csv", "leads"])
def test_a_text_is_read_whatever_its_name_says(name):
    assert cells_of(CSV, name)[1] == ROW.split(",")
    assert cells_of(workbook(HEADER.split(","), ROW.split(",")), name)[1] == ROW.split(",")


@each_case(
    ("data", "reason"),
    [
        (COMPOUND, "old .xls workbook, or has a password.*save it as .xlsx"),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "has a password. Save it without one"),
        (b"\x09\x04\x06\x00\x00\x00\x10\x00", "very old .xls"),
        ("<html><table><tr><td>Phone</td></tr></table></html>", "web page .* save it as .xlsx"),
        ("\n<TABLE border=1>", "web page"),
        (XML + "<!DOCTYPE html><html>", "web page"),
        ("MIME-Version: 1.0\nContent-Type: multipart/related", "saved web page"),
        (f'{XML}<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML spreadsheet .* save it"),
        (XML + "<leads/>", "is XML"),
        ("%PDF-1.7\n", "PDF.*Export the list as CSV"),
        ("{\\rtf1 x", "text document"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 9, "compressed .*Unpack it first"),
        (archive(**{"leads.csv": CSV}), r"archive \(.zip\)\. Unpack it"),
        (archive(**{"xl/workbook.bin": ""}), r"binary workbook \(.xlsb\).*save it as .xlsx"),
        (archive(**{"Index/Document.iwa": ""}), "Numbers.*Export To, Excel"),
        (archive(**{"_rels/.rels": "", "word/document.xml": ""}), "a document, not a spreadsheet"),
        (archive(mimetype="application/vnd.oasis.opendocument.text"), "a document, not a spreadsheet"),
        (b"PK\x05\x06" + b"\0" * 18, "empty archive"),
    ],
)  # fmt: skip
@each_case("name", ["leads.xls", "leads.csv", "-"])
def test_a_format_that_is_not_read_is_refused_with_what_to_do_instead(data, name, reason):
    with pytest.raises(UnreadableFile, match=reason):
        opened(data, name)


def test_a_csv_file_may_begin_with_a_bracket():
    assert opened("<Phone>,name\n+4915123410001,Anna\n").header == ["<Phone>", "name"]


def test_objects_are_json_whatever_the_name_says():
    assert opened('{"phone": "+4915123410001"}', "leads.csv").format == "jsonl"


def test_only_workbooks_have_sheets():
    with pytest.raises(UnreadableFile, match="Only workbooks have sheets"):
        opened(CSV, sheet="Leads")
