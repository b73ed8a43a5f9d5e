"""The self-check compares the rows of files with the storage."""

from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest
from django.core.files.storage import storages

from conversations.media import files
from conversations.models import StoredMedia
from leadsite.core import clock
from leadsite.monitoring.integrity import check_integrity
from leadsite.monitoring.media_checks import media_findings
from tests.conversations.media.away import bucket_error

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(owner):
    name = files.store(b"bytes", user_id=owner.id)
    return StoredMedia.objects.create(user=owner.user, state="stored", name=name, size=5)


def findings(owner, **later):
    return {
        one.check: one.examples
        for one in media_findings(clock.now() + timedelta(**later))
        if one.owner == str(owner.id)
    }


def test_rows_and_their_bytes_are_no_finding(stored, owner):
    assert findings(owner, days=2) == {}


def test_a_row_without_its_bytes_is_found(stored, owner):
    storages["media"].delete(stored.name)
    (found,) = [one for one in check_integrity() if one.businesses == [str(owner.id)]]
    assert (found.check, found.examples) == ("media_row_without_bytes", [str(stored.pk)])
    assert found.what_to_do.endswith(".")


def test_bytes_without_a_row_are_found_after_a_day(stored, owner):
    name = files.store(b"bytes", user_id=owner.id)
    assert findings(owner) == {}
    assert findings(owner, days=2) == {"media_bytes_without_row": [name]}


def test_a_file_of_a_bucket_that_was_deleted_since_it_was_listed_is_no_finding(stored, owner, monkeypatch):
    storage = storages["media"]
    listed, modified = storage.listdir, storage.get_modified_time

    def with_another(folder: str) -> tuple[list[str], list[str]]:
        folders, names = listed(folder)
        return folders, [*names, "deleted"] if folder else names

    def modified_time(name: str) -> datetime:
        if name.endswith("/deleted"):
            raise bucket_error(404)
        return modified(name)

    monkeypatch.setattr(storage, "listdir", with_another)
    monkeypatch.setattr(storage, "get_modified_time", modified_time)
    assert findings(owner, days=2) == {}


@pytest.mark.parametrize("error", [ZeroDivisionError, PermissionError])
def test_a_storage_that_does_not_answer_is_a_finding(stored, monkeypatch, error):
    """A bucket, or a folder that cannot be read."""
    monkeypatch.setattr("leadsite.monitoring.integrity.media_findings", Mock(side_effect=error))
    (found,) = check_integrity()
    assert found.check == "media_storage_unreachable"
