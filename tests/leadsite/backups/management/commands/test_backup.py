"""What the command refuses before it begins."""

import pytest

from tests.site import exit_code


@pytest.mark.parametrize("number", ["0", "-1", "all"])
def test_a_backup_is_never_deleted_with_all_others(number: str, capsys) -> None:
    assert exit_code("backup", f"--keep={number}") == 2
    assert "the newest backup is always kept" in capsys.readouterr().err
