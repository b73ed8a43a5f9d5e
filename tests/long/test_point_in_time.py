"""docs/runbook.md, "Point-in-time recovery": its blocks, with Debian's PostgreSQL and pgBackRest.

Needs both (apt-get install pgbackrest postgresql); without them it is skipped. systemctl is a stand-in, and variables
of pgBackRest give it places of the test.
"""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadsite.demo.embedded.account import as_server_account, server_account
from tests.blocks import section
from tests.site import REPOSITORY, free_port, until

# The distribution's package knows its own PostgreSQL.
PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), Path("postgres")).parent

pytestmark = pytest.mark.skipif(
    not shutil.which("pgbackrest") or not (PROGRAMS / "postgres").is_file(),
    reason="pgBackRest and its PostgreSQL are not installed: apt-get install pgbackrest postgresql",
)


class Server:
    """A machine with a PostgreSQL, on which the blocks are followed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        account = server_account()
        prefix = as_server_account(account, folder) if os.geteuid() == 0 else []
        for place in ("shims", "repository", "log", "lock", "spool", "data"):
            (folder / place).mkdir(mode=0o700)
            os.chown(folder / place, account.pw_uid, account.pw_gid)
        (folder / "shims").chmod(0o755)
        port = str(free_port())
        places = {"CONFIG": "pgbackrest.conf", "REPO1_PATH": "repository", "PG1_SOCKET_PATH": "lock"}
        places |= {f"{name}_PATH": name.lower() for name in ("LOG", "LOCK", "SPOOL")}
        self.env = {"PATH": f"{folder}/shims:{PROGRAMS}:/usr/bin:/bin", "PGBACKREST_PG1_USER": "postgres"}
        self.env |= {"PGHOST": str(folder / "lock"), "PGPORT": port, "PGUSER": "postgres", "PGBACKREST_PG1_PORT": port}
        self.env |= {f"PGBACKREST_{name}": str(folder / place) for name, place in places.items()}
        control = f"{shlex.join(prefix)} {PROGRAMS}/pg_ctl -D {self.data} -l {folder}/log/postgresql.log -w"
        shims = {
            "sudo": f'if [ "$1" = -u ]; then shift 2; exec {shlex.join(prefix)} "$@"; fi\nexec "$@"\n',
            "systemctl": f"case $* in *postgresql) exec {control} $1 ;; esac\n",
            "apt-get": "",
        }
        for name, text in shims.items():
            (folder / "shims" / name).write_text(f"#!/bin/sh\n{text}")
            (folder / "shims" / name).chmod(0o755)
        self.follow(f"sudo -u postgres initdb -D {self.data} -U postgres --auth=trust")
        settings = f"port = {port}\nunix_socket_directories = '{folder}/lock'\nlisten_addresses = ''\n"
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(settings)

    def follow(self, text: str) -> str:
        text = text.replace("/etc/pgbackrest.conf", str(self.folder / "pgbackrest.conf"))
        command = ["sh", "-euc", text]
        run = subprocess.run(command, cwd="/", env=self.env, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def query(self, statement: str) -> str:
        return self.follow(f"psql -qAtc {shlex.quote(statement)}").strip()


@pytest.fixture
def server() -> Iterator[Server]:
    """In a folder that other accounts can enter."""
    folder = Path(tempfile.mkdtemp(prefix="leadsite-recovery-", dir="/var/tmp"))
    folder.chmod(0o755)
    made = Server(folder)
    try:
        made.follow("systemctl start postgresql")
        yield made
    finally:
        made.follow("systemctl stop postgresql || true")
        shutil.rmtree(folder)


def test_what_was_deleted_by_mistake_is_there_again(server: Server) -> None:
    found = [block.text for block in section(REPOSITORY / "docs/runbook.md", "Point-in-time recovery")]
    prepare, restore = found
    server.query("CREATE TABLE leads (name text)")
    server.follow(prepare)
    # pgBackRest notes the end of a backup in whole seconds, and restores one that ended in a second before.
    ended = int(time.time())
    until(lambda: time.time() > ended + 2)
    server.query("INSERT INTO leads VALUES ('Ada')")
    moment = server.query("SELECT clock_timestamp()")
    server.query("DELETE FROM leads")
    # After the mistake, too, there is a change: a time after the last one is none that is reached.
    server.query("INSERT INTO leads VALUES ('Ben')")
    restore, left_out = restore.split("cd /opt/leadsite", 1)
    assert "check_integrity" in left_out
    server.follow(re.sub(r"--target='[^']+'", f"--target='{moment}'", restore))
    assert server.query("SELECT name FROM leads") == "Ada"
    server.query("INSERT INTO leads VALUES ('Cem')")
    until(lambda: server.query("SELECT archived_count > 0 FROM pg_stat_archiver") == "t")
