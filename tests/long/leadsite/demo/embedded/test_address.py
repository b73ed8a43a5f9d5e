"""A running embedded PostgreSQL is found at its address."""

import stat
from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres
from tests.leadsite.demo.embedded.servers import cleaned_up, query, socket_dir


def test_its_address_does_not_depend_on_the_clients_environment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "elsewhere", "PGPORT": "1", "PGUSER": "other", "PGDATABASE": "other"}.items():
        monkeypatch.setenv(name, value)

    EmbeddedPostgres(data_dir).start()

    assert query(data_dir, "SELECT current_user, current_database()") == [("leadsite", "leadsite")]


def test_it_runs_below_a_difficult_path(tmp_path: Path) -> None:
    with cleaned_up(tmp_path / 'it\'s $HOME `id` "50%", ü') as path:
        EmbeddedPostgres(path).start()

        assert socket_dir(path).parent == Path("/tmp")
        assert stat.S_IMODE(socket_dir(path).stat().st_mode) == 0o700
        assert query(path, "SELECT 1") == [(1,)]
