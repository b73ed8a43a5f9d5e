"""The account that the server runs as (never root), and how root switches to it."""

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.programs import program, run

UNPRIVILEGED_ACCOUNTS: Final = ("nobody", "postgres", "daemon")


def server_account() -> pwd.struct_passwd:
    """Return this process's account, for root an unprivileged one. Raises EmbeddedPostgresError where there is none."""
    try:
        me = pwd.getpwuid(os.geteuid())
    except KeyError:
        problem = f"PostgreSQL needs a user with a name, and user id {os.geteuid()} has none"
    else:
        if me.pw_uid != 0:
            return me
        for name in UNPRIVILEGED_ACCOUNTS:
            with suppress(KeyError):
                return pwd.getpwnam(name)
        problem = f"PostgreSQL does not run as root, and {' or '.join(UNPRIVILEGED_ACCOUNTS)} is missing"
    raise EmbeddedPostgresError(f"{problem}. Add it to /etc/passwd, or use another user.")


def as_server_account(account: pwd.struct_passwd, data_dir: Path) -> list[str]:
    """Return the command prefix that runs a program as `account` with as few capabilities as possible.

    The prefixes are tried from none upwards; the first that can reach the programs and the data is returned.
    Raises EmbeddedPostgresError.
    """
    if os.geteuid() == account.pw_uid:
        return []
    probe = ["/bin/sh", "-c", 'cd "$1" && exec "$2" --show -D "$1"', "sh", str(data_dir), program("initdb")]
    for command in _prefixes(account):
        tried = run([*command, *probe])
        if tried.returncode == 0:
            return command
    raise EmbeddedPostgresError(
        f"Run by root, the database server runs as {account.pw_name}, which cannot reach both {data_dir} and"
        f" {program('postgres')}:\n{tried.stderr.strip()}\nMove them to directories that every user may enter, or run"
        " the site as an ordinary user."
    )


def _prefixes(account: pwd.struct_passwd) -> Iterator[list[str]]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedPostgresError(
            "Run by root, the database needs the program `setpriv`. Install util-linux, or run the site as an ordinary"
            " user."
        )
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    become = [setpriv, *ids, "--no-new-privs"]
    yield become
    for right in ("dac_read_search", "dac_override"):
        # no_setuid_fixup: otherwise access(2), which postgres uses to check its files, ignores the capability.
        yield [*become, f"--inh-caps=+{right}", f"--ambient-caps=+{right}", "--securebits=+no_setuid_fixup"]
