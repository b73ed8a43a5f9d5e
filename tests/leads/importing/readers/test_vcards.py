import pytest

from leads.importing.readers.rows import UnreadableFile
from tests.leads.importing.tables import cells_of, opened, rows_of

CARDS = """BEGIN:VCARD\r
VERSION:3.0\r
N:Baker;Anna;Maria;Dr.;\r
FN:Dr. Anna Baker\r
TEL;TYPE=WORK,VOICE:+49 30 1234567\r
item1.TEL;type=CELL;type=pref:+49 1512 3410001\r
TEL;TYPE=FAX:+49 30 1234568\r
ORG:Cakes\\, Inc.;Kitchen\r
NOTE:Wedding\\, three tiers\\nno\r
  nuts\r
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ\r
 AAAAAAAAAAAAAAAAAAAA==\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;\r
TEL;CELL:01512 3410002\r
NOTE;ENCODING=QUOTED-PRINTABLE:two=0D=0A=\r
lines\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:4.0\r
FN:Carla\r
TEL;VALUE=uri;TYPE="voice,cell":tel:+49-1512-3410003;ext=1\r
EMAIL:carla@example.com\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:3.0\r
ORG:Bakery Dorn\r
TEL:+49 1512 3410004\r
END:VCARD\r
"""


NUMBERS = "+49 1512 3410001 ::: +49 30 1234567"


def test_each_contact_is_a_row():
    assert cells_of(CARDS, "contacts.vcf") == [
        ["Name", "Phone", "Notes", "Company", "Email"],
        ["Dr. Anna Baker", NUMBERS, "Wedding, three tiers\nno nuts", "Cakes, Inc., Kitchen", ""],
        ["Jörg Müller", "01512 3410002", "two\r\nlines", "", ""],
        ["Carla", "+49-1512-3410003", "", "", "carla@example.com"],
        ["Bakery Dorn", "+49 1512 3410004", "", "Bakery Dorn", ""],
    ]
    assert [row.line for row in rows_of(CARDS, "contacts.vcf")] == [1, 14, 21, 27]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["contacts.csv", "-"])
def test_contacts_are_recognised_by_their_content(name, encoding):
    table = opened(CARDS.encode(encoding), name)
    assert table.format == "vcf"
    assert len(list(table.rows)) == 4


def test_a_file_that_is_cut_off_is_refused_after_the_contacts_before_it():
    table = opened(CARDS[: CARDS.index("EMAIL:")], "contacts.vcf")
    assert next(table.rows).line == 1
    assert next(table.rows).line == 14
    with pytest.raises(UnreadableFile, match="begins in line 21 has no END:VCARD"):
        next(table.rows)


def test_an_unknown_encoding_or_a_line_that_is_no_property_loses_no_contact():
    cards = "BEGIN:VCARD\nFN;CHARSET=X-NONE;ENCODING=QUOTED-PRINTABLE:Anna=20B\nrubbish\nTEL:1\nEND:VCARD\n"
    assert [list(row.cells)[:2] for row in rows_of(cards, "contacts.vcf")] == [["Anna=20B", "1"]]
