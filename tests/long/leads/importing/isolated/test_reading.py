"""Five hundred hostile files through the admin: bombs of each kind, damaged archives and texts, and wrong endings."""

import random
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import pytest

from leads.importing.isolated import reading
from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leads.importing.bombs import BOMBS, SHEET, archive, workbook
from tests.leads.uploading import decide, run_worker, the_run, upload
from tests.staff import Staff, address, form_of, staff_of

# Not in one transaction: the session would be idle in it while a file is read, and end (end_if_idle).
pytestmark = pytest.mark.django_db(transaction=True)

FILES = 500
PARTS = 5  # so that several processes share them
ENDINGS = ("csv", "xlsx", "ods", "jsonl", "vcf", "txt", "zip", "", "xls", "gz")
WHOLE = {
    "a.xlsx": workbook(),
    "a.ods": archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}),
    "a.csv": b"phone,name,type\n+4915123410001,Anna,order\n" * 50,
    "a.jsonl": b'{"phone": "+4915123410001", "name": "Anna"}\n' * 50,
    "a.vcf": b"BEGIN:VCARD\nFN:Anna\nTEL:+4915123410001\nEND:VCARD\n" * 50,
}


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def hostile(chance: random.Random) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names, and what makes the contents: a bomb takes a second."""
    yield from BOMBS.values()
    for _ in range(FILES - len(BOMBS)):
        name, content = chance.choice(list(WHOLE.items()))
        damaged = bytearray(content)
        match chance.randrange(5):
            case 0:
                for _ in range(chance.randrange(1, 30)):
                    damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            case 1:
                del damaged[chance.randrange(1, len(damaged)) :]
            case 2:
                at = chance.randrange(len(damaged))
                damaged[at:at] = chance.randbytes(chance.randrange(1, 5000))
            case 3:
                parts = {f"{chance.choice(('xl/', '', '../'))}{n}.xml": chance.randbytes(200) for n in range(20)}
                damaged = bytearray(archive({**parts, "xl/worksheets/sheet1.xml": SHEET}))
            case 4:
                damaged = bytearray(chance.choice((b"", b"PK\x03\x04", b"\xff\xfe")) + chance.randbytes(3000))
        yield f"{name.partition('.')[0]}.{chance.choice(ENDINGS)}", partial(bytes, damaged)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_hostile_file_fails_a_request_or_takes_the_memory_of_this_process(staff, part):
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    form = staff.form(address("add", ImportRun))
    for number, (name, make) in islice(enumerate(hostile(random.Random(15))), part, None, PARTS):
        content = make()
        begun = time.monotonic()
        response = upload(staff, content, name, form)
        assert response.status_code == 200, number
        if ImportRun.objects.exists():
            decide(staff, "import", form_of(response.content.decode()))
            run_worker()
            assert the_run().state in ("preview", "finished", "failed"), number
            Lead.objects.all().delete()
            ImportRun.objects.all().delete()
        limits = reading.PREVIEW_LIMITS.silence + reading.IMPORT_LIMITS.silence
        assert time.monotonic() - begun < limits, number
        # The client's copies of the file are in this process as well.
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - highest
        assert grown < 250 * 1024 + 8 * len(content) // 1024, (number, name)
