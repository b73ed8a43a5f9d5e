"""What is refused before the database is asked; tests/long/leadsite/backups restores."""

from pathlib import Path

import pytest

from leadsite.backups.restoring import RestoreRefused, check_backup
from tests.leadsite.backups.test_archive import make


def test_a_backup_of_other_tables_is_refused(tmp_path: Path) -> None:
    """Release 0.2.0 noted no digests of its migrations, which have the names of ours."""
    with pytest.raises(RestoreRefused, match=r"leadsite 1\.2\.3, with tables that this one cannot use"):
        check_backup(make(tmp_path), without_keys=True)
