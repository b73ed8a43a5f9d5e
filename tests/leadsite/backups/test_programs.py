"""Which pg_dump is used, and what it is told."""

from pathlib import Path

import pytest

from leadsite.backups import programs
from leadsite.backups.programs import ProgramMissing, connection_environment, find_folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, Path]:
    """PostgreSQL's programs of versions 15 and 17 in Debian's folders; nothing else."""
    folders = {version: tmp_path / f"{version}/bin" for version in (15, 17)}
    for version, folder in folders.items():
        folder.mkdir(parents=True)
        (folder / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.4 (Debian)'\n")
        (folder / "pg_dump").chmod(0o755)
    monkeypatch.setattr(programs, "_DEBIAN", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(programs, "program", lambda name: str(tmp_path / "none" / name))
    return folders


@pytest.mark.parametrize(("server", "chosen"), [(15, 15), (16, 17), (17, 17)])
def test_the_program_of_the_server_or_the_next_newer_is_taken(installed, server: int, chosen: int) -> None:
    assert find_folder(("pg_dump",), server=server) == installed[chosen]


def test_an_older_program_is_refused_with_what_to_install(installed) -> None:
    with pytest.raises(
        ProgramMissing, match=r"PostgreSQL 18.*This machine has version 17\. Install postgresql-client-18"
    ):
        find_folder(("pg_dump",), server=18)


def test_passwords_are_no_arguments_and_time_outs_of_the_role_are_off() -> None:
    database = {
        "HOST": "db",
        "PORT": 5433,
        "USER": "u",
        "PASSWORD": "the former one",
        "NAME": "n",
        "OPTIONS": {"sslmode": "require"},
    }
    found = connection_environment(database, password="p")
    named = {name: found[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE")}
    assert list(named.values()) == ["db", "5433", "u", "p", "n", "require"]
    assert "statement_timeout=0" in found["PGOPTIONS"]
