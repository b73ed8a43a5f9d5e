"""manage.py export_customer: writes what is kept about a person, to a file, a folder, an archive or standard output."""

import json
import zipfile
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from conversations.media import files
from conversations.models import StoredMedia
from tests.conversations.chat import Chat
from tests.conversations.media.away import storage_raises

pytestmark = pytest.mark.django_db


def export(owner, *arguments):
    owner.post_lead()
    call_command("export_customer", "--user", owner.user.email, "--phone", "+1234567890", *arguments, stdout=StringIO())


def test_to_standard_output(owner, capsys):
    export(owner)
    document = json.loads(capsys.readouterr().out)
    assert (document["customer"]["phone"], document["leads"][0]["type"]) == ("+1234567890", "order")


@pytest.mark.parametrize(("output", "written"), [("new", "new/customer.json"), ("a.json", "a.json")])
def test_to_a_folder_or_a_file(owner, tmp_path, output, written):
    export(owner, "--output", str(tmp_path / output))
    assert json.loads((tmp_path / written).read_text())["format"] == "leadsite/customer-export/1"
    assert (tmp_path / written).stat().st_mode & 0o077 == 0


def test_to_an_archive(owner, tmp_path):
    export(owner, "--output", str(tmp_path / "a.zip"))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["customer.json"]


def test_a_place_that_cannot_be_written_is_an_error(owner):
    with pytest.raises(CommandError, match="cannot be written"):
        export(owner, "--output", "/proc/nothing/a.json")


@pytest.mark.parametrize("output", ["a.zip", "folder"])
def test_a_storage_that_does_not_answer_is_an_error_and_not_an_export_without_files(owner, tmp_path, output):
    chat = Chat(owner)
    message = chat.says(kind="image", parts={"media": [{"filename": None, "caption": None, "mime_type": "image/png"}]})
    name = files.store(b"bytes", user_id=owner.id)
    StoredMedia.objects.create(user=owner.user, message=message, state="stored", mime_found="image/png", name=name)
    person = ["--user", owner.user.email, "--id", str(chat.conversation.customer_id)]
    with storage_raises(PermissionError("x")), pytest.raises(CommandError, match="does not answer"):
        call_command("export_customer", *person, "--output", str(tmp_path / output), stdout=StringIO())
