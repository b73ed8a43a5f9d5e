"""What the command refuses before it begins."""

import shutil
from pathlib import Path

import pytest

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
