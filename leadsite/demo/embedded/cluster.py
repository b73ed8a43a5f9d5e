"""The database files: in PostgreSQL's words, a cluster."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.address import NAME
from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.files import give, read_lines, sync, write
from leadsite.demo.embedded.programs import program, run

NO_SUCH_PID: Final = 2**30  # above the highest pid of any kernel
INITDB_OPTIONS: Final = (
    *("-U", NAME, "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)


class Cluster:
    """The cluster in the directory `path` (PGDATA)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pid_file = path / "postmaster.pid"

    def check_owner(self, account: pwd.struct_passwd) -> None:
        """Raise EmbeddedPostgresError if the cluster is there and not `account`'s."""
        if self.path.exists() and (owner := self.path.stat().st_uid) != account.pw_uid:
            raise EmbeddedPostgresError(
                f"The database in {self.path} belongs to user id {owner}, but here the server would run as"
                f" {account.pw_name} (id {account.pw_uid}), because the site runs as"
                f" {pwd.getpwuid(os.geteuid()).pw_name}. Run the site as the user who made the database, or choose"
                " another data directory."
            )

    def ensure(self, account: pwd.struct_passwd, prefix: list[str]) -> None:
        """Make the cluster if it is missing: beside its place, and then moved there whole. Never half a cluster."""
        if self.path.exists():
            return
        parent = self.path.parent
        for stale in parent.glob(f"{self.path.name}.new-*"):
            shutil.rmtree(stale, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix=f"{self.path.name}.new-", dir=parent))
        try:
            new.chmod(0o700)  # whatever the umask took away
            give(new, account)
            made = run([*prefix, program("initdb"), "-D", str(new), *INITDB_OPTIONS])
            if made.returncode != 0:
                raise EmbeddedPostgresError(f"The database could not be created.\n{made.stderr.strip()}")
            me = pwd.getpwuid(os.geteuid()).pw_name
            write(new / "pg_hba.conf", f"local all all peer map={NAME}\n", account)
            write(new / "pg_ident.conf", f'{NAME} "{me}" {NAME}\n', account)
            new.rename(self.path)
            sync(parent)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def server_pid(self) -> str:
        """The pid that the server wrote down, "" if none did. After a crash it may be anybody's by now."""
        return next(iter(self._pid_lines()), "")

    def server_identity(self) -> str:
        """What tells the server that wrote its pid down from any other: that pid and its start time."""
        lines = self._pid_lines()
        return f"{lines[0]} {lines[2]}" if len(lines) > 2 else ""

    def forget_server(self, account: pwd.struct_passwd) -> None:
        """No process of the server is left, so whoever has its pid now is a stranger: postgres must not wait for it."""
        lines = self._pid_lines()
        if lines and lines[0].isdigit():
            # Not removed: by its other lines postgres itself makes sure that nobody is left who uses the old shared
            # memory, and cleans that up.
            write(self._pid_file, "\n".join([str(NO_SUCH_PID), *lines[1:], ""]), account)
        else:
            self._pid_file.unlink(missing_ok=True)

    def _pid_lines(self) -> list[str]:
        return read_lines(self._pid_file)
