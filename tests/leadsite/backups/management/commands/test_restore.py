"""What the command refuses before it asks the database."""

from pathlib import Path

from tests.site import exit_code


def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path, capsys) -> None:
    assert exit_code("restore", str(tmp_path)) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path} is no backup: it has no manifest.json." in said
    assert "Nothing was changed." in said
