"""A streaming replica of an embedded PostgreSQL server, which tests stop, suspend and hold back."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg

from leadsite.demo.embedded import EmbeddedPostgres
from leadsite.demo.embedded.account import server_account
from leadsite.demo.embedded.address import NAME, PORT, socket_dir
from leadsite.demo.embedded.files import make_private
from tests.site import until

SLOT: Final = "replica_of_a_test"
# What a copy must not have: the pid of the other server, its log, which the replica gets by streaming, and its slots.
_NOT_COPIED: Final = ("postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_dynshmem", "pg_stat_tmp")


def execute(url: str, statement: str, *parameters: Any) -> list[Any]:
    """Execute a statement in a session of its own."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as session:
        cursor = session.execute(statement, parameters)
        return cursor.fetchall() if cursor.description is not None else []


class Replica:
    """The replica, in a directory of its own. Made from the primary's files by PostgreSQL's functions for backups: the
    package with the server has no pg_basebackup.
    """

    def __init__(self, primary: EmbeddedPostgres, data_dir: Path) -> None:
        self.primary = primary
        self.server = EmbeddedPostgres(data_dir)
        self.url = self.server.url
        self._files = self.server.data_dir / "postgres"

    def make(self) -> None:
        """Copy the primary's files while it runs, and start."""
        primary_files = self.primary.data_dir / "postgres"
        with (primary_files / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("local replication all trust\n")
        make_private(self.server.data_dir)
        with psycopg.connect(self.primary.url, autocommit=True) as session:
            session.execute("SELECT pg_reload_conf()")
            session.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])
            session.execute("SELECT pg_backup_start(%s, true)", [SLOT])
            shutil.copytree(primary_files, self._files, ignore=shutil.ignore_patterns(*_NOT_COPIED))
            stopped = session.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone()
            assert stopped is not None
        for name in ("pg_wal", "pg_replslot", "pg_dynshmem", "pg_stat_tmp"):
            (self._files / name).mkdir(mode=0o700)
        (self._files / "backup_label").write_text(stopped[0], encoding="utf-8")
        (self._files / "standby.signal").touch()
        server = f"host={socket_dir(self.primary.data_dir)} port={PORT} user={NAME} application_name={SLOT}"
        with (self._files / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"primary_conninfo = '{server}'\nprimary_slot_name = '{SLOT}'\nlog_statement = 'all'\n")
        account = server_account()
        for path in (self._files, *self._files.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
        self._files.chmod(0o700)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it has all that the primary has."""
        self.server.start()
        self.catch_up()

    def catch_up(self) -> None:
        ((present,),) = execute(self.primary.url, "SELECT pg_current_wal_flush_lsn()::text")
        replayed = "SELECT coalesce(pg_last_wal_replay_lsn() >= %s::text::pg_lsn, false)"
        until(lambda: execute(self.url, replayed, present) == [(True,)], self.log)

    def kill9(self) -> None:
        """Kill all its processes, as a machine that loses its power does."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        until(lambda: not self.server.is_running(), self.log)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Its machine hangs: connections are open, and nothing answers."""
        processes = self._processes()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """It answers, and replays nothing."""
        execute(self.url, "SELECT pg_wal_replay_pause()")
        paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        until(lambda: execute(self.url, paused) == [(True,)], self.log)
        try:
            yield
        finally:
            execute(self.url, "SELECT pg_wal_replay_resume()")

    def log(self) -> str:
        return (self.server.data_dir / "postgres.log").read_text(errors="replace")

    def _processes(self) -> list[psutil.Process]:
        postmaster = psutil.Process(int(self.server.identity().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]


@contextmanager
def primary_with_replica(folder: Path) -> Iterator[Replica]:
    """Both servers, until the end of the block. The primary has an empty database."""
    primary = EmbeddedPostgres(folder / "primary")
    primary.start()
    replica = Replica(primary, folder / "replica")
    try:
        replica.make()
        yield replica
    finally:
        replica.server.stop()
        primary.stop()
