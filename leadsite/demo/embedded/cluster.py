"""The database files (PostgreSQL's "cluster") and the pid file in them."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.address import NAME
from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.files import change_owner, fsync_directory, read_lines, write
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
        """Raise EmbeddedPostgresError where the cluster exists and does not belong to `account`."""
        if self.path.exists() and (owner := self.path.stat().st_uid) != account.pw_uid:
            raise EmbeddedPostgresError(
                f"The database in {self.path} belongs to user id {owner}, but here the server would run as"
                f" {account.pw_name} (id {account.pw_uid}), because the site runs as"
                f" {pwd.getpwuid(os.geteuid()).pw_name}. Run the site as the user who created the database, or choose"
                " another data directory."
            )

    def ensure(self, account: pwd.struct_passwd, prefix: list[str]) -> None:
        """Create the cluster if it is missing: in a temporary directory that is then renamed, so never in part."""
        if self.path.exists():
            return
        parent = self.path.parent
        for stale in parent.glob(f"{self.path.name}.new-*"):
            shutil.rmtree(stale, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix=f"{self.path.name}.new-", dir=parent))
        try:
            new.chmod(0o700)  # whatever the umask is
            change_owner(new, account)
            made = run([*prefix, program("initdb"), "-D", str(new), *INITDB_OPTIONS])
            if made.returncode != 0:
                raise EmbeddedPostgresError(f"The database could not be created.\n{made.stderr.strip()}")
            me = pwd.getpwuid(os.geteuid()).pw_name
            write(new / "pg_hba.conf", f"local all all peer map={NAME}\n", account)
            write(new / "pg_ident.conf", f'{NAME} "{me}" {NAME}\n', account)
            new.rename(self.path)
            fsync_directory(parent)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def server_pid(self) -> str:
        """The pid in the server's pid file, or "". After a crash it may belong to another process."""
        return next(iter(self._pid_lines()), "")

    def server_identity(self) -> str:
        """The pid and start time in the server's pid file, which together identify the server, or ""."""
        lines = self._pid_lines()
        return f"{lines[0]} {lines[2]}" if len(lines) > 2 else ""

    def forget_server(self, account: pwd.struct_passwd) -> None:
        """Replace a stale pid, so that postgres does not wait for an unrelated process that has the number now.

        Call it only when no process of the server is left.
        """
        lines = self._pid_lines()
        if lines and lines[0].isdigit():
            # The file stays: from its other lines postgres checks that the old shared memory is unused, and removes it.
            write(self._pid_file, "\n".join([str(NO_SUCH_PID), *lines[1:], ""]), account)
        else:
            self._pid_file.unlink(missing_ok=True)

    def _pid_lines(self) -> list[str]:
        return read_lines(self._pid_file)
