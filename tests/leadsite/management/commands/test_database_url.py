"""manage.py database_url, and the programs that fit its server."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from leadsite.management.commands import database_url


def called(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("database_url", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def embedded(settings: Any) -> None:
    settings.EMBEDDED_POSTGRES = True
    settings.DATABASE_URL = "postgresql://leadsite@/leadsite"


@pytest.mark.parametrize(("installed", "words"), [(15, "is of PostgreSQL 15"), (0, "is not installed")])
def test_an_older_pg_dump_is_named_beside_the_url(
    embedded: None, monkeypatch: pytest.MonkeyPatch, installed: int, words: str
) -> None:
    monkeypatch.setattr(database_url, "_installed_version", lambda: installed)
    out, err = called()
    assert out == "postgresql://leadsite@/leadsite\n"
    assert words in err
    assert "database_url --program pg_dump" in err


def test_a_pg_dump_that_fits_is_not(embedded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_url, "_installed_version", lambda: 18)
    assert called() == ("postgresql://leadsite@/leadsite\n", "")


def test_the_program_of_the_server_is_printed(embedded: None) -> None:
    out, err = called("--program", "pg_dump")
    assert (Path(out.strip()).name, err) == ("pg_dump", "")
    assert database_url._version(out.strip()) >= 15


def test_another_server_has_its_own_programs(settings: Any) -> None:
    settings.EMBEDDED_POSTGRES = False
    with pytest.raises(CommandError, match="came with it"):
        called("--program", "pg_dump")
