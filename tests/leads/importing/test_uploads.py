"""Services for an uploaded file: refused, read with other options, stopped and resumed."""

import pytest

from leads.admin import import_forms
from leads.importing import upload_worker
from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leads.uploading import CHOSEN, decide, run_worker, the_run, upload
from tests.staff import Staff, address, errors_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_an_encoding_is_chosen_after_the_upload(owner, staff):
    upload(staff, "phone,name,type\n+4915100000001,M\xfcller,order\n".encode("latin-1"))
    decide(staff, "read", encoding="latin-1")
    decide(staff, "import")
    run_worker()
    assert Lead.objects.get(user=owner.user).conversation.customer.name == "M\xfcller"


def test_a_file_that_is_empty_or_too_large_is_refused_at_once(staff, monkeypatch):
    assert errors_of(upload(staff, b""))["file"] == ["The file is empty."]
    monkeypatch.setattr(import_forms, "MAX_BYTES", 100)
    (message,) = errors_of(upload(staff, b"x" * 101))["file"]
    assert "the maximum is" in message
    assert errors_of(upload(staff, region="XX"))["region"]
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [([f"c{number}" for number in range(498)], "has 501 columns"), (["x" * 1001], "1001 characters")],
    ids=["columns", "name"],
)
def test_a_header_that_no_list_has_is_refused(staff, more, words):
    names = ["Phone", "Name", "Type", *more]
    upload(staff, f"{','.join(names)}\n+4915100000001,Ana,order{',' * len(more)}\n")
    assert words in (the_run().preview or {})["problem"]


def test_a_stopped_import_continues_where_it_stopped(staff, monkeypatch):
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    calls: list[int] = []

    def stopped_by_staff() -> bool:
        calls.append(1)
        decide(staff, "stop")
        return False

    upload_worker.process_upload(the_run().pk, should_stop=stopped_by_staff)
    assert (the_run().state, the_run().read, len(calls)) == ("interrupted", 1, 1)
    assert "Continue" in staff.get(address("change", the_run())).content.decode()

    decide(staff, "resume")
    run_worker()
    assert (the_run().state, the_run().read, the_run().created) == ("finished", 3, 2)
