"""Starts, stops and checks the PostgreSQL server below one data directory."""

import fcntl
import os
import pwd
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.account import as_server_account, server_account
from leadsite.demo.embedded.address import NAME, PORT, database_url, make_socket_dir, remove_socket, socket_dir
from leadsite.demo.embedded.cluster import Cluster
from leadsite.demo.embedded.errors import EmbeddedPostgresError, explained
from leadsite.demo.embedded.files import make_private
from leadsite.demo.embedded.locks import held, open_lock
from leadsite.demo.embedded.programs import ENVIRONMENT, program, run

WAIT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
LOG_LIMIT_BYTES: Final = 10_000_000
START_ATTEMPTS: Final = 3
PSQL_LOST_CONNECTION: Final = 2

SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
}
CREATE_DATABASE: Final = """
    SELECT 'CREATE DATABASE leadsite'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'leadsite') \\gexec
"""


class EmbeddedPostgres:
    """The server below one data directory. Several processes may start, stop and check it at once."""

    def __init__(self, data_dir: Path) -> None:
        """Nothing is created or started here."""
        self.data_dir = data_dir.resolve()
        self.url = database_url(self.data_dir)
        self._cluster = Cluster(self.data_dir / "postgres")
        self._log = self.data_dir / "postgres.log"
        self._sockets = socket_dir(self.data_dir)

    def start(self) -> bool:
        """Make sure that the server accepts connections and has the role and the database.

        Returns True where this call started it, False where it ran already. Waits up to WAIT_SECONDS for a server
        that is recovering or shutting down. Raises EmbeddedPostgresError.
        """
        with explained(self.data_dir), self.lock("start.lock", fcntl.LOCK_EX):
            account = server_account()
            self._cluster.check_owner(account)
            make_socket_dir(self._sockets, account)
            started = False
            for _ in range(START_ATTEMPTS):
                started = self._ensure_server(account) or started
                answer = self._ensure_database()
                if answer.returncode != PSQL_LOST_CONNECTION:
                    break  # otherwise the server was killed in between
            if answer.returncode != 0:
                raise self._error(f"The database server runs, but refuses the connection.\n{answer.stderr.strip()}")
            return started

    def stop(self) -> None:
        """Shut the server down in fast mode and wait for its end. Raises EmbeddedPostgresError."""
        with explained(self.data_dir):
            if not self.data_dir.exists():
                return
        with explained(self.data_dir), self.lock("start.lock", fcntl.LOCK_EX):
            self._wait_for(self._responds)
            pid = self._cluster.server_pid()
            # Trust the pid file only while the server responds: after a crash the pid may belong to another process.
            if pid and self._responds() and self._has_processes():
                prefix = as_server_account(server_account(), self.data_dir)
                run([*prefix, "/bin/sh", "-c", 'kill -INT "$1"', "sh", pid])
            if not _wait_until(lambda: not self._has_processes()):
                raise self._error(f"The database server did not stop within {WAIT_SECONDS:.0f} s.")

    def is_running(self) -> bool:
        """Whether the server accepts connections now."""
        return self._pg_isready() == 0

    def identity(self) -> str:
        """The running server's pid and start time, which identify it."""
        return self._cluster.server_identity()

    @contextmanager
    def lock(self, name: str, mode: int) -> Iterator[int]:
        """Hold the lock file `name` in flock `mode`; yields its descriptor.

        Raises BlockingIOError where `mode` has LOCK_NB and it is held already.
        """
        with explained(self.data_dir):
            make_private(self.data_dir)
            fd = open_lock(self.data_dir / name)
        with held(fd, mode):
            yield fd

    def _ensure_server(self, account: pwd.struct_passwd) -> bool:
        # A server that has processes but does not answer is starting, recovering or shutting down, or its main process
        # was killed and the others are about to exit.
        if self._wait_for(self.is_running):
            return False
        prefix = as_server_account(account, self.data_dir)
        self._cluster.ensure(account, prefix)
        self._cluster.forget_server(account)
        remove_socket(self._sockets)
        self._launch(prefix)
        if not self._wait_for(self.is_running):
            raise self._error("The database server did not start.")
        return True

    def _ensure_database(self) -> subprocess.CompletedProcess[str]:
        return run([program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *self._connection()], CREATE_DATABASE)

    def _launch(self, prefix: list[str]) -> None:
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_name("postgres.log.1"))
        settings = SETTINGS | {"shared_buffers": f"{_buffers_mb()}MB", "unix_socket_directories": f'"{self._sockets}"'}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [*prefix, program("postgres"), "-D", str(self._cluster.path), *options]
        with self.lock("server.lock", fcntl.LOCK_EX) as server_lock, self._log.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            # The shell exits at once, so the server is not a child of this process; in a separate session, it does not
            # get Ctrl-C from this terminal. Not pg_ctl, which passes paths through a shell.
            subprocess.run(  # noqa: S603 - constant command; the shell does not interpret its arguments
                ["/bin/sh", "-c", '"$@" &', "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                pass_fds=[server_lock],
                check=True,
            )

    def _wait_for(self, answers: Callable[[], bool]) -> bool:
        """Wait until `answers()` is true (return True) or no process of the server is left (return False).

        Raises EmbeddedPostgresError after WAIT_SECONDS.
        """
        answered = False

        def settled() -> bool:
            nonlocal answered
            answered = answers()
            return answered or not self._has_processes()

        if not _wait_until(settled):
            raise self._error(
                f"The database server has processes, but has not answered for {WAIT_SECONDS:.0f} s. If its log says"
                " that it is recovering, start again in a few minutes. If not, end the processes that"
                f" `fuser {self.data_dir / 'server.lock'}` lists."
            )
        return answered

    def _has_processes(self) -> bool:
        try:
            with self.lock("server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
        except BlockingIOError:
            return True

    def _responds(self) -> bool:
        return self._pg_isready() in (0, 1)  # 1: it runs, but rejects connections for now

    def _pg_isready(self) -> int:
        return run([program("pg_isready"), "-q", "-t", "5", *self._connection()]).returncode

    def _connection(self) -> list[str]:
        return ["-h", str(self._sockets), "-p", str(PORT), "-U", NAME, "-d", "postgres"]

    def _error(self, problem: str) -> EmbeddedPostgresError:
        try:
            lines = self._log.read_text(errors="replace").splitlines()[-15:]
        except OSError:
            lines = []
        tail = "\n    ".join(["Its log ends with:", *lines]) if lines else ""
        advice = f"Fix what the log reports and start again. The whole log is {self._log}."
        return EmbeddedPostgresError("\n".join(part for part in (problem, tail, advice) if part))


def _buffers_mb() -> int:
    """PostgreSQL's cache (shared_buffers), in MB: a sixteenth of the machine's memory. A page of it is taken when it is
    first used. With the default of 128 a database of 300,000 leads is read and written all the time
    (python -m bench.stale_statistics).
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(512, max(128, memory // 2**24))


def _wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
