"""Uploads of import files by staff in the admin, and the worker's processing of them."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from leads.importing import resume, upload_worker
from leads.models import ImportRun
from tests.staff import Staff, address

FILE = "Wer,Tel,Anfrageart,Wunsch\nAmina,+4915100000001,order,=1+1\nBob,+4915100000002,booking,Cake\nEve,12,order,x\n"
CHOSEN = {"column-0": "customer_name", "column-3": "details"}


def upload(staff: Staff, text: str | bytes = FILE, name: str = "leads.csv", form: Any = None, **typed: Any) -> Any:
    """Choose a file on the page with this form, which is opened unless it is given. Returns the page that follows."""
    content = text.encode() if isinstance(text, str) else text
    form = form or staff.form(address("add", ImportRun))
    file = SimpleUploadedFile(name, content)
    return staff.client.post(address("add", ImportRun), {**form, "file": file, **typed}, follow=True)


def the_run() -> ImportRun:
    return ImportRun.objects.get()


def decide(staff: Staff, do: str, form: Any = None, **typed: Any) -> Any:
    """Use a button of the run's page, whose form is read unless it is given. Returns the page that follows."""
    run = the_run()
    if form is None:
        form = staff.form(address("change", run)) if run.state == "preview" else {}
    return staff.client.post(address("decide", run), {**form, "do": do, **typed}, follow=True)


def run_worker() -> None:
    for run_id in resume.due_uploads().values_list("pk", flat=True):
        upload_worker.process_upload(run_id, should_stop=lambda: False)
