"""The tests on every Python and PostgreSQL that README names: `make test-matrix`, or some of the sixteen pairs:
`make test-matrix ARGS='--python 3.13'`, `make test-matrix ARGS='-s "tests-3.13(postgres=16)"'`.

uv makes each environment, and downloads a Python that this machine does not have; tests/postgres_versions.py finds the
servers.
"""

import os

import nox

from tests.postgres_versions import server

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True


@nox.session(python=["3.11", "3.12", "3.13", "3.14"], reuse_venv=True)
@nox.parametrize("postgres", [15, 16, 17, 18])
def tests(session: nox.Session, postgres: int) -> None:
    """`make test` with this Python, on this server."""
    session.install("--quiet", "--require-hashes", "-r", "requirements-dev.txt")
    with server(postgres) as url:
        make = ["make", "-o", ".venv/installed", "-o", ".venv/installed-dev", "test", f"BIN={session.bin}"]
        session.run(*make, *session.posargs, env=os.environ | {"DATABASE_URL": url}, external=True)
