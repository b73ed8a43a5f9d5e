"""The preview of an uploaded file."""

import pytest

from leads.models import ImportRun
from tests.factories import Business
from tests.leads.uploading import decide, the_run, upload
from tests.staff import ESCAPED, HOSTILE, Staff, address, messages_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"\x00\x00\x01\xff" * 500, "junk.csv", "zero bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "picture.csv", "not UTF-8 text"),
        (b"PK\x03\x04 no workbook", "leads.xlsx", "damaged"),
        (b"\x1f\x8b\x08\x00", "leads.csv", "Unpack it first."),
        (",".join(f"c{n}" for n in range(200)), "wide.csv", "No column is the customer&#x27;s phone"),
        (",".join(f"c{n}" for n in range(600)) + "\n1\n", "wider.csv", "600 columns"),
        ("name,type\nAmina,order\n", "leads.csv", "No column is the customer&#x27;s phone"),
        ("phone,name,type\n", "leads.csv", "no rows"),
        (f'phone,name,type\n+4915100000001,"{HOSTILE.replace(chr(34), chr(34) * 2)}",order\n', HOSTILE, ESCAPED),
        ('phone,name,type\n"+49,x,order\n', "quote.csv", "never closed"),
        ("phone,name,type\n+4915100000001,M\xfcller,order\n".encode("latin-1"), "old.csv", "choose the encoding"),
    ],
)
def test_a_damaged_or_hostile_file_gets_a_message(staff, content, name, message):
    response = upload(staff, content, name)

    page = response.content.decode()
    assert response.status_code == 200
    assert message in page
    assert "<script>alert" not in page
    assert "--" not in "".join(response.context["problem"])
    if response.context["problem"]:
        assert messages_of(decide(staff, "import"))
        assert the_run().state == "preview"
    assert staff.get(address("changelist", ImportRun)).status_code == 200
