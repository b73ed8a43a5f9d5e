"""Embedded servers for tests, run by the user who runs the tests; for root they run under another account."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.conf import settings

from leadsite.demo.embedded import EmbeddedPostgres, database_url
from leadsite.demo.embedded.account import server_account

IS_ROOT = os.geteuid() == 0
START = "print(EmbeddedPostgres(data_dir).start())"


@contextmanager
def cleaned_up(path: Path) -> Iterator[Path]:
    """Yield the data directory `path`, and remove it at the end."""
    try:
        yield path
    finally:
        stop(path)
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def shared_database(directory: Path) -> Iterator[Path]:
    """A data directory with a database whose server does not run.

    One for all tests of a run, because creating a database takes longer than most of them.
    """
    path = directory / "embedded"
    if not path.exists():
        EmbeddedPostgres(path).start()
        stop(path)
    try:
        yield path
    finally:
        stop(path)


def stop(path: Path) -> None:
    EmbeddedPostgres(path).stop()
    sockets = socket_dir(path)
    sockets.unlink() if sockets.is_symlink() else shutil.rmtree(sockets, ignore_errors=True)


def socket_dir(path: Path) -> Path:
    return Path(parse_qs(urlsplit(database_url(path)).query)["host"][0])


def server_pid(path: Path) -> int:
    return int((path / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def kill_server(path: Path) -> None:
    os.kill(server_pid(path), signal.SIGKILL)


def kill_server_and_give_its_pid_to(process: subprocess.Popen[bytes], path: Path) -> None:
    files = [path / "postgres" / "postmaster.pid", socket_dir(path) / ".s.PGSQL.5432.lock"]
    old = str(server_pid(path))
    kill_server(path)
    for file in files:
        file.write_text(file.read_text().replace(old, str(process.pid), 1))


@contextmanager
def process_of_server_account() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's account that is not a server."""
    account = server_account()
    ids = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if IS_ROOT else {}
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, cwd="/", **ids) as process:  # type: ignore[call-overload] # user and group, or nothing
        yield process


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url(path)) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def python(code: str, path: Path, *first_on_path: Path) -> subprocess.Popen[str]:
    """Another process, in a separate session, that runs `code`, where `data_dir` is `path`."""
    setup = (
        "import os, sys; from pathlib import Path; from leadsite.demo.embedded import *; data_dir = Path(sys.argv[1])\n"
    )
    search = os.pathsep.join(map(str, [*first_on_path, settings.BASE_DIR]))
    return subprocess.Popen(
        [sys.executable, "-c", setup + code, str(path)],
        env={**os.environ, "PYTHONPATH": search},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
