"""What the command refuses before it begins."""

import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.roles import APPLICATION, make_roles
from tests.site import exit_code


@pytest.mark.parametrize("number", ["0", "-1", "all"])
def test_a_backup_is_never_deleted_with_all_others(number: str, capsys) -> None:
    assert exit_code("backup", f"--keep={number}") == 2
    assert "the newest backup is always kept" in capsys.readouterr().err


def test_it_does_not_take_the_room_that_the_database_may_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    newest = tmp_path / "leadsite-20261129T120000Z"
    newest.mkdir()
    (newest / "manifest.json").write_bytes(b" " * 300_000)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_200_000))
    assert exit_code("backup", f"--folder={tmp_path}") == 2
    assert capsys.readouterr().err == (
        f"CommandError: {tmp_path} has 1000.2 MB of room, and a backup takes about 0.3 MB, beside 1000 MB that are"
        " left to the database: make room, or choose a --folder on another disk.\n"
    )
    assert list(tmp_path.iterdir()) == [newest]


def test_the_role_of_the_site_is_told_which_one_is_needed(db: None, tmp_path: Path) -> None:
    make_roles()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APPLICATION}")
    with pytest.raises(CommandError) as refused:
        call_command("backup", folder=tmp_path)
    assert (str(refused.value), refused.value.returncode) == (
        f"The role '{APPLICATION}' may not read everything: set MIGRATION_DATABASE_URL to that of the role that owns"
        " the tables (migrate.env has it, and systemctl start leadsite-backup reads it).",
        2,
    )
    assert list(tmp_path.iterdir()) == []
