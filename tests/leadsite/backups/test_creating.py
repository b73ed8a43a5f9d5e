"""What is counted, and where media are."""

from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, storages

from leadsite.backups.creating import count_rows, media_folder
from tests.factories import Business


@pytest.mark.django_db
def test_partitions_count_for_their_table(owner: Business) -> None:
    counts = count_rows()
    assert counts["users"] == 1
    assert counts["audit_entries"] > 0
    assert [table for table in counts if table.startswith("audit_entries_")] == []


def test_media_are_where_the_storage_keeps_them(settings, tmp_path: Path, monkeypatch) -> None:
    storage = storages["media"]
    assert isinstance(storage, FileSystemStorage)
    assert media_folder() == Path(storage.location)
    monkeypatch.setattr("leadsite.backups.creating.storages", {"media": object()})
    assert media_folder() is None
