"""Staff import a file in the admin: uploaded, looked at, tried, imported by the worker's task, accounted for."""

import csv
import io
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from procrastinate.contrib.django.models import ProcrastinateJob

from leads.admin import import_forms
from leads.importing import upload_worker
from leads.importing.stored_files import PIECE, open_file, store_file
from leads.models import ImportFile, ImportRefusal, ImportRun, Lead
from tests.factories import Business
from tests.staff import ESCAPED, HOSTILE, Staff, address, errors_of, messages_of, operator, staff_of

FILE = "Wer,Tel,Anfrageart,Wunsch\nAmina,+4915100000001,order,=1+1\nBob,+4915100000002,booking,Cake\nEve,12,order,x\n"
CHOSEN = {"column-0": "customer_name", "column-3": "details"}

pytestmark = pytest.mark.django_db


def upload(staff: Staff, text: str | bytes = FILE, name: str = "leads.csv", **typed: Any) -> Any:
    content = text.encode() if isinstance(text, str) else text
    form = staff.form(address("add", ImportRun))
    file = SimpleUploadedFile(name, content)
    return staff.client.post(address("add", ImportRun), {**form, "file": file, **typed}, follow=True)


def the_run() -> ImportRun:
    return ImportRun.objects.get()


def decide(staff: Staff, do: str, **typed: Any) -> Any:
    run = the_run()
    form = staff.form(address("change", run)) if run.state == "preview" else {}
    return staff.client.post(address("decide", run), {**form, "do": do, **typed}, follow=True)


def let_worker_work() -> None:
    for run_id in upload_worker.due_uploads().values_list("pk", flat=True):
        upload_worker.process_upload(run_id, should_stop=lambda: False)


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_a_file_is_looked_at_mapped_and_imported(owner, staff):
    assert "Import a file" in staff.list(Lead)
    page = upload(staff).content.decode()
    assert "No column is the customer&#x27;s name" in page
    assert Lead.objects.count() == 0

    page = decide(staff, "read", **CHOSEN).content.decode()
    assert "No column" not in page
    assert "Refused: " in page
    assert the_run().state == "preview"

    decide(staff, "import")
    assert the_run().state == "waiting"
    assert ProcrastinateJob.objects.filter(task_name="leads.tasks.do_import").count() == 1
    let_worker_work()

    run = the_run()
    assert (run.state, run.read, run.created, run.failed, run.progress) == ("finished", 3, 2, 1, 1.0)
    leads = Lead.objects.filter(user=owner.user, import_run=run).order_by("pk")
    assert [(lead.details, lead.source) for lead in leads] == [("=1+1", "import"), ("Cake", "import")]
    assert not ImportFile.objects.exists()
    assert "Download refused rows" in staff.get(address("change", run)).content.decode()
    assert staff.found(Lead, import_run__id__exact=str(run.pk)) == {lead.pk for lead in leads}


def test_a_dry_run_says_what_an_import_would_do(staff):
    upload(staff)
    decide(staff, "try", **CHOSEN)
    assert the_run().state == "trying"
    let_worker_work()

    page = staff.get(address("change", the_run())).content.decode()
    assert "An import would give: 3 rows: 2 created, 1 refused." in page
    assert (the_run().state, Lead.objects.count(), ImportRefusal.objects.count()) == ("preview", 0, 0)
    assert ImportFile.objects.exists()

    decide(staff, "read", region="DE")
    assert the_run().trial is None


def test_refused_rows_are_quoted_and_can_be_fed_back(staff):
    upload(staff, "name,phone,type,details\n=cmd(),nonsense,order,+1\n")
    decide(staff, "import")
    let_worker_work()

    response = staff.get(address("refused", the_run()))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "leads-refused.csv" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text))
    assert header == ["name", "phone", "type", "details", "line", "field", "reason"]
    assert row[:6] == ["'=cmd()", "nonsense", "order", "'+1", "2", "customer_phone"]
    ImportRun.objects.all().delete()
    upload(staff, text.replace("nonsense", "+4915100000009"))
    decide(staff, "import")
    let_worker_work()
    assert Lead.objects.get().details == "+1"


def test_a_stranger_sees_and_changes_nothing_of_it(staff, stranger):
    upload(staff)
    run, other = the_run(), staff_of(stranger)

    assert other.found(ImportRun) == set()
    assert other.get(address("change", run)).status_code == 302
    assert other.get(address("progress", run)).status_code == 404
    assert other.get(address("refused", run)).status_code == 404
    assert other.client.post(address("decide", run), {"do": "import"}).status_code == 302
    assert the_run().state == "preview"
    assert operator().get(address("progress", run)).json()["state"] == "preview"


def test_staff_import_for_their_own_business_only_and_operators_for_any(owner, stranger, staff):
    upload(staff, user=str(stranger.id))
    assert the_run().user == owner.user
    ImportRun.objects.all().delete()
    upload(operator(), user=str(stranger.id))
    assert the_run().user == stranger.user


def test_who_may_only_look_cannot_import(owner, staff):
    upload(staff)
    group = owner.user.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="add_importrun"))
    looking = Staff(type(owner.user).objects.get(pk=owner.id))

    assert looking.get(address("add", ImportRun)).status_code == 403
    assert looking.client.post(address("decide", the_run()), {"do": "import"}).status_code == 403
    assert "Import a file" not in looking.list(ImportRun)
    assert "Import a file" not in looking.list(Lead)


@pytest.mark.parametrize(
    ("content", "name", "words"),
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
def test_a_hostile_file_gets_words(staff, content, name, words):
    response = upload(staff, content, name)

    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert "<script>alert" not in page
    assert "--" not in "".join(response.context["problem"])
    if response.context["problem"]:
        assert messages_of(decide(staff, "import"))
        assert the_run().state == "preview"
    assert staff.get(address("changelist", ImportRun)).status_code == 200


def test_a_workbook_is_imported_and_its_formulas_are_text(staff):
    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    for row in (["phone", "name", "type", "details"], ["+4915100000001", "Amina", "order", "'=1+1"]):
        sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)

    upload(staff, content.getvalue(), "leads.xlsx")
    decide(staff, "import")
    let_worker_work()
    assert (the_run().state, the_run().format, Lead.objects.get().details) == ("finished", "xlsx", "=1+1")


def test_half_a_character_is_refused_with_its_row(staff):
    upload(staff, '{"phone": "+4915100000001", "name": "\\ud800x", "type": "order", "\\udfff": "1"}\n', "leads.jsonl")
    for do in ("try", "import"):
        assert decide(staff, do).status_code == 200
        let_worker_work()
        assert "half of a surrogate pair" in staff.get(address("change", the_run())).content.decode()
    assert (the_run().state, the_run().failed) == ("finished", 1)
    assert b"\\ud800x" in b"".join(staff.get(address("refused", the_run())).streaming_content)


def test_an_encoding_is_chosen_after_the_upload(owner, staff):
    upload(staff, "phone,name,type\n+4915100000001,M\xfcller,order\n".encode("latin-1"))
    decide(staff, "read", encoding="latin-1")
    decide(staff, "import")
    let_worker_work()
    assert Lead.objects.get(user=owner.user).conversation.customer.name == "M\xfcller"


def test_a_file_that_is_empty_or_too_large_is_refused_at_once(staff, monkeypatch):
    assert errors_of(upload(staff, b""))["file"] == ["The file is empty."]
    monkeypatch.setattr(import_forms, "MAX_BYTES", 100)
    (words,) = errors_of(upload(staff, b"x" * 101))["file"]
    assert "the maximum is" in words
    assert errors_of(upload(staff, region="XX"))["region"]
    assert not ImportRun.objects.exists()


def test_a_stopped_import_goes_on_where_it_was(staff, monkeypatch):
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    told: list[int] = []

    def stopped_by_staff() -> bool:
        told.append(1)
        decide(staff, "stop")
        return False

    upload_worker.process_upload(the_run().pk, should_stop=stopped_by_staff)
    assert (the_run().state, the_run().read, len(told)) == ("interrupted", 1, 1)
    assert "Continue" in staff.get(address("change", the_run())).content.decode()

    decide(staff, "resume")
    let_worker_work()
    assert (the_run().state, the_run().read, the_run().created) == ("finished", 3, 2)


def test_a_worker_that_ends_leaves_the_rest_to_the_next(staff, monkeypatch):
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    upload_worker.process_upload(the_run().pk, should_stop=lambda: True)
    assert (the_run().state, the_run().read) == ("waiting", 1)
    let_worker_work()
    assert (the_run().state, the_run().read) == ("finished", 3)


def test_what_a_killed_worker_left_is_taken_up_but_not_for_ever(staff):
    upload(staff)
    decide(staff, "import", **CHOSEN)
    ImportRun.objects.update(state="running", progress=0.5)
    let_worker_work()
    assert the_run().state == "running"

    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z", attempts=upload_worker.MAX_ATTEMPTS - 1)
    let_worker_work()
    assert the_run().state == "failed"
    assert "workers were killed" in the_run().error

    decide(staff, "resume")
    let_worker_work()
    assert the_run().state == "finished"


def test_files_are_forgotten_after_a_week(staff):
    upload(staff)
    upload_worker.prune_uploads()
    assert ImportFile.objects.exists()
    ImportRun.objects.update(updated_at="2026-01-01T00:00:00Z")
    upload_worker.prune_uploads()
    assert not ImportRun.objects.exists()
    assert not ImportFile.objects.exists()


def test_a_file_of_many_pieces_reads_back_as_it_was(owner):
    content = bytes(range(256)) * (PIECE // 100)
    run = ImportRun.objects.create(user=owner.user, file_name="x")
    store_file(run=run, file=io.BytesIO(content))

    with open_file(run=run) as file:
        assert file.read() == content
        assert file.seek(-5, io.SEEK_END) == len(content) - 5
        assert file.read() == content[-5:]
        assert file.seek(PIECE - 2) == PIECE - 2
        assert file.read(4) == content[PIECE - 2 : PIECE + 2]


def test_an_unknown_run_is_not_found(staff):
    for page in ("progress", "refused"):
        assert staff.get(f"{address('changelist', ImportRun)}{uuid4()}/{page}/").status_code == 404
        assert staff.get(f"{address('changelist', ImportRun)}%00/{page}/").status_code == 404
