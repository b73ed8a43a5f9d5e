"""Random bytes, and files of each format with random damage: rows or a sentence, never another exception."""

import io
import random
import zipfile
from contextlib import suppress

import pytest

from leads.importing.readers.files import UnreadableFile
from tests.leads.importing.readers.test_vcards import CARDS
from tests.leads.importing.readers.workbooks import test_ooxml, test_opendocument
from tests.leads.importing.tables import opened

CSV = 'sep=;\r\nReport;;\r\nPhone;Name;Type\r\n+4915123410001;"Anna; B.";order\r\n\r\nTotal;1;\r\n\x1a'
OOXML = test_ooxml.book(
    "".join(test_ooxml.cell("<f>1</f><v>1.5</v>", f's="{style}"') for style in range(1, 5)),
    formats="0000|+#|yyyy-mm-dd|#,##0.00 &quot;x&quot;;(0);-",
    after='<mergeCells><mergeCell ref="A2:A4"/></mergeCells>',
)
ODS = test_opendocument.book(
    test_opendocument.row(test_opendocument.cell("1"), test_opendocument.value("float", "1.5", "1,5")),
    test_opendocument.row(test_opendocument.value("date", "2025-01-01", "1.1.25")),
)
FILES = {
    "csv": CSV.encode(),
    "utf-16": CSV.encode("utf-16"),
    "jsonl": b'{"phone": "+4915123410001"}\n{"name": ["Anna", 1e400]}\n',
    "vcf": CARDS.encode(),
    "xlsx": OOXML,
    "ods": ODS,
}
PIECES = [
    *(
        b'"',
        b",",
        b";",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\x1a",
        b"<",
        b">",
        b"&x;",
        b"=\n",
        b"\xd8\x00",
    ),
    *(b'r="99999999"', b'<c t="s"><v>-1</v></c>', b"<v>1e999</v>", b"_xD800_", b"_x0000_", b'formatCode="[&lt;=x]0"'),
    *(b'table:number-rows-repeated="9999999999"', b'table:number-columns-repeated="99999999999999999999999"'),
]


def damaged(data: bytes, dice: random.Random) -> bytes:
    content = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(content) + 1)
        match dice.randrange(4):
            case 0:
                content[place : place + 1] = bytes([dice.randrange(256)])
            case 1:
                content[place:place] = dice.choice(PIECES)
            case 2:
                del content[place : place + dice.randint(1, 30)]
            case 3:
                other = dice.randrange(len(content) + 1)
                content[place:place] = content[other : other + dice.randint(1, 200)]
    return bytes(content)


def damaged_parts(data: bytes, dice: random.Random) -> bytes:
    """The archive with damage in its parts, which are complete."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if dice.random() < 0.98:
                target.writestr(name, damaged(content, dice) if dice.random() < 0.3 else content)
    return file.getvalue()


@pytest.mark.parametrize("kind", FILES)
def test_damage_causes_rows_or_a_sentence(kind):
    dice = random.Random(kind)
    read = 0
    for number in range(250):
        is_zip = FILES[kind].startswith(b"PK") and number % 10
        data = damaged_parts(FILES[kind], dice) if is_zip else damaged(FILES[kind], dice)
        name, header_row = dice.choice(["a.csv", "a.xlsx", "-"]), dice.choice([None, None, 1, 3, 9])
        format_ = dice.choice([None, None, None, "csv", "jsonl", "vcf"])
        with suppress(UnreadableFile):
            table = opened(data, name, format=format_, header_row=header_row)
            for row in table.rows:
                assert row.error or len(row.cells) >= len(table.header)
                read += 1
    assert read > 20


def test_random_bytes_cause_rows_or_a_sentence():
    dice = random.Random(7)
    starts = [b"", b"PK\x03\x04", b"BEGIN:VCARD\n", b"{", b"<", b"\xff\xfe", b"\xd0\xcf\x11\xe0"]
    for _ in range(500):
        with suppress(UnreadableFile):
            list(opened(dice.choice(starts) + dice.randbytes(dice.randint(0, 300)), "a.csv").rows)
