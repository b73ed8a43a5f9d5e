"""What is counted, and where media are."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection

from leadsite.backups import creating
from leadsite.backups.creating import count_rows, media_folder
from leadsite.core.postgresql.base import PatientConnection
from tests.factories import Business


@pytest.mark.django_db
def test_partitions_count_for_their_table(owner: Business) -> None:
    counts = count_rows()
    assert counts["users"] == 1
    assert counts["audit_entries"] > 0
    assert [table for table in counts if table.startswith("audit_entries_")] == []


@pytest.mark.django_db
def test_pg_dump_gets_the_password_that_the_server_accepts_while_it_is_replaced(tmp_path: Path, monkeypatch) -> None:
    """The server of the tests asks for none: what refuses the former one stands in front of it."""
    let_in = PatientConnection.connect

    def connect(**params: Any) -> Any:
        if params["password"] != "the next one":
            raise psycopg.OperationalError("Passwort-Authentifizierung für Benutzer »leadsite« fehlgeschlagen")
        return let_in(**params)

    monkeypatch.setattr(PatientConnection, "connect", connect)
    rotated = connection.copy()
    rotated.settings_dict |= {"PASSWORD": "the former one", "NEXT_PASSWORD": "the next one"}
    monkeypatch.setattr(creating, "connection", rotated)
    program, dump = tmp_path / "pg_dump", tmp_path / "dump"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "$PGPASSWORD" > "${last#--file=}"\n')
    program.chmod(0o755)
    creating._dump(program, "a snapshot", dump, lambda step: None)
    rotated.close()
    assert dump.read_text() == "the next one\n"


def test_media_are_where_the_storage_keeps_them(settings, tmp_path: Path, monkeypatch) -> None:
    storage = storages["media"]
    assert isinstance(storage, FileSystemStorage)
    assert media_folder() == Path(storage.location)
    monkeypatch.setattr("leadsite.backups.creating.storages", {"media": object()})
    assert media_folder() is None
