"""Staff import a file in the admin: upload, preview, dry run, import by a task of the worker, refused rows."""

import io
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from leads.models import ImportFile, ImportRefusal, ImportRun, Lead
from tests.factories import Business
from tests.leads.uploading import CHOSEN, decide, run_worker, the_run, upload
from tests.leadsite.pages import assert_protected
from tests.staff import Staff, address, operator, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_a_file_is_previewed_mapped_and_imported(owner, staff):
    assert "Import a file" in staff.list(Lead)
    answer = upload(staff)
    assert_protected(answer)
    page = answer.content.decode()
    assert "No column has the customer&#x27;s name" in page
    assert Lead.objects.count() == 0

    page = decide(staff, "read", **CHOSEN).content.decode()
    assert "No column" not in page
    assert "Refused: " in page
    assert the_run().state == "preview"

    decide(staff, "import")
    assert the_run().state == "waiting"
    assert ProcrastinateJob.objects.filter(task_name="leads.tasks.do_import").count() == 1
    run_worker()

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
    run_worker()

    page = staff.get(address("change", the_run())).content.decode()
    assert "An import would result in: 3 rows: 2 created, 1 refused." in page
    assert (the_run().state, Lead.objects.count(), ImportRefusal.objects.count()) == ("preview", 0, 0)
    assert ImportFile.objects.exists()

    decide(staff, "read", region="DE")
    assert the_run().trial is None


UPDATE = "External ID,Phone,Status,Notes\nu-1,+4915100000001,contacted,\nu-2,+4915100000002,,Rolls\n"


def test_an_update_is_shown_field_by_field_and_keeps_what_the_file_does_not_say(owner, staff):
    owner.has_lead(customer_phone="+4915100000001", external_id="u-1", details="Cake", status="qualified")
    owner.has_lead(customer_phone="+4915100000002", external_id="u-2", details="Bread", status="converted")
    page = upload(staff, UPDATE, on_duplicate="update").content.decode()
    assert "Status of new rows without one" in page
    assert the_run().options["defaults"] == {}
    decide(staff, "try")
    run_worker()
    page = staff.get(address("change", the_run())).content.decode()
    assert "Would change: status 1, details 1" in page
    assert '<td>Status</td><td class="foreign" dir="auto">Qualified</td>' in page
    decide(staff, "import")
    run_worker()
    stored = set(Lead.objects.values_list("external_id", "status", "details"))
    assert stored == {("u-1", "contacted", "Cake"), ("u-2", "converted", "Rolls")}


def test_blank_cells_clear_the_details_where_staff_ask_for_it(owner, staff):
    owner.has_lead(customer_phone="+4915100000001", external_id="u-1", details="Cake")
    upload(staff, UPDATE, on_duplicate="update")
    decide(staff, "import", blank_clears="on")
    run_worker()
    assert Lead.objects.get(external_id="u-1").details == ""
    assert "Blank cells empty the details." in staff.get(address("change", the_run())).content.decode()


@pytest.mark.parametrize(("again", "created"), [({}, 0), ({"again": "on"}, 1)])
def test_a_file_that_was_imported_is_recognised_unless_staff_ask_to_look_for_each_row(owner, staff, again, created):
    text = "Phone,Name,Type,Notes\n+4915100000001,Amina,order,Cake\n"
    upload(staff, text)
    decide(staff, "import")
    run_worker()
    Lead.objects.update(details="Two cakes")
    first = the_run()
    ImportRun.objects.update(file_name="first")
    page = upload(staff, text).content.decode()
    assert "was imported on" in page
    second = ImportRun.objects.exclude(pk=first.pk).get()
    form = staff.form(address("change", second))
    staff.client.post(address("decide", second), {**form, "do": "import", **again})
    run_worker()
    second.refresh_from_db()
    assert (second.state, second.created, second.skipped) == ("finished", created, 1 - created)


def test_a_stranger_can_neither_see_nor_change_an_import(staff, stranger):
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


def test_a_user_with_only_view_permission_cannot_import(owner, staff):
    upload(staff)
    group = owner.user.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="add_importrun"))
    viewer = Staff(type(owner.user).objects.get(pk=owner.id))

    assert viewer.get(address("add", ImportRun)).status_code == 403
    assert viewer.client.post(address("decide", the_run()), {"do": "import"}).status_code == 403
    assert "Import a file" not in viewer.list(ImportRun)
    assert "Import a file" not in viewer.list(Lead)


def test_a_workbook_is_imported_and_its_formulas_are_text(staff):
    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    for row in (["phone", "name", "type", "details"], ["+4915100000001", "Amina", "order", "'=1+1"]):
        sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)

    upload(staff, content.getvalue(), "leads.xlsx")
    decide(staff, "import")
    run_worker()
    assert (the_run().state, the_run().format, Lead.objects.get().details) == ("finished", "xlsx", "=1+1")


def test_a_lone_surrogate_is_refused_with_its_row(staff):
    upload(staff, '{"phone": "+4915100000001", "name": "\\ud800x", "type": "order", "\\udfff": "1"}\n', "leads.jsonl")
    for do in ("try", "import"):
        assert decide(staff, do).status_code == 200
        run_worker()
        assert "a lone surrogate" in staff.get(address("change", the_run())).content.decode()
    assert (the_run().state, the_run().failed) == ("finished", 1)
    assert b"\\ud800x" in b"".join(staff.get(address("refused", the_run())).streaming_content)


def test_an_unknown_run_is_not_found(staff):
    for page in ("progress", "refused"):
        assert staff.get(f"{address('changelist', ImportRun)}{uuid4()}/{page}/").status_code == 404
        assert staff.get(f"{address('changelist', ImportRun)}%00/{page}/").status_code == 404
