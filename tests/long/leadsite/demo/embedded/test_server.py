"""The embedded PostgreSQL starts, whatever an earlier server has left, and stops."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from leadsite.demo.embedded import EmbeddedPostgres, EmbeddedPostgresError, database_url
from leadsite.demo.embedded.account import server_account
from leadsite.demo.embedded.files import change_owner
from tests.leadsite.demo.embedded.servers import (
    START,
    cleaned_up,
    kill_server,
    kill_server_and_give_its_pid_to,
    process_of_server_account,
    python,
    query,
    server_pid,
    until,
)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """A data directory for a first start."""
    with cleaned_up(tmp_path / "d") as path:
        yield path


def test_it_starts_and_serves_a_query(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)

    assert not server.is_running()
    assert server.start()

    assert server.is_running()
    assert query(data_dir, "SELECT current_user, current_database()") == [("leadsite", "leadsite")]
    for name, value in {
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "server_encoding": "UTF8",
        "data_checksums": "on",
    }.items():
        assert query(data_dir, f"SHOW {name}") == [(value,)]
    assert query(data_dir, "SELECT upper('é') = 'É'") == [(True,)]
    server.stop()
    assert not server.is_running()


def test_it_adopts_a_running_server(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()
    before = EmbeddedPostgres(data_dir).identity()

    assert not EmbeddedPostgres(data_dir).start()

    assert EmbeddedPostgres(data_dir).identity() == before


def test_it_creates_the_database_again_if_it_was_deleted(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()
    with psycopg.connect(database_url(data_dir), dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE leadsite")

    EmbeddedPostgres(data_dir).start()

    assert query(data_dir, "SELECT 1") == [(1,)]


def test_two_processes_that_start_at_once_start_one_server(empty: Path) -> None:
    processes = [python(START, empty) for _ in range(2)]

    answers = sorted(process.communicate()[0] for process in processes)

    assert answers == ["False\n", "True\n"]
    assert query(empty, "SELECT 1") == [(1,)]


def test_it_outlives_the_process_that_started_it_and_its_terminal(data_dir: Path) -> None:
    starter = python(START + "\nsys.stdout.flush(); sys.stdin.read()", data_dir)
    assert starter.stdout is not None
    assert starter.stdout.readline() == "True\n"
    pid = server_pid(data_dir)
    assert os.getsid(pid) != os.getsid(starter.pid)

    os.killpg(starter.pid, signal.SIGINT)
    starter.communicate()

    assert not EmbeddedPostgres(data_dir).start()
    assert server_pid(data_dir) == pid


def test_it_starts_again_after_a_kill_with_its_data_intact(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    query(data_dir, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    with closing(psycopg.connect(database_url(data_dir))) as busy:
        busy.execute("INSERT INTO kept VALUES (1001)")  # not committed

        kill_server(data_dir)

        assert server.start()
    assert query(data_dir, "SELECT count(*) FROM kept") == [(1000,)]


@pytest.mark.parametrize("runs", [False, True])
def test_it_restarts_a_server_that_is_killed_just_after_it_answered(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    server = EmbeddedPostgres(data_dir)
    if runs:
        server.start()
    is_running = EmbeddedPostgres.is_running
    killed: list[int] = []

    def answer_then_kill(self: EmbeddedPostgres) -> bool:
        answer = is_running(self)
        if answer and not killed:
            killed.append(server_pid(data_dir))
            kill_server(data_dir)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedPostgres, "is_running", answer_then_kill)
        assert server.start()

    assert server_pid(data_dir) not in killed
    assert query(data_dir, "SELECT 1") == [(1,)]


def test_it_waits_for_the_orphaned_backends_of_a_killed_server(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    with psycopg.connect(database_url(data_dir)) as busy:
        orphan = busy.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)
        kill_server(data_dir)
        second = python(START, data_dir)
        # While the orphan runs, no other server may use the files.
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=0.5)
        os.kill(orphan, signal.SIGCONT)

        assert second.communicate()[0] == "True\n"


def test_another_process_with_the_old_pid_is_not_taken_for_its_server(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    query(data_dir, "CREATE TABLE kept_too (number int)")
    with process_of_server_account() as process:
        kill_server_and_give_its_pid_to(process, data_dir)

        server.stop()
        assert server.start()

        assert process.poll() is None
    assert query(data_dir, "SELECT count(*) FROM kept_too") == [(0,)]


@pytest.mark.parametrize("content", ["", "junk\n", "2147483648000\n"])
def test_it_starts_with_a_broken_pid_file(data_dir: Path, content: str) -> None:
    (data_dir / "postgres" / "postmaster.pid").write_text(content)

    assert EmbeddedPostgres(data_dir).start()


def test_an_interrupted_creation_leaves_no_incomplete_database(empty: Path) -> None:
    process = python(START, empty)
    until(lambda: list(empty.glob("postgres.new-*/PG_VERSION")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (empty / "postgres").exists()

    assert EmbeddedPostgres(empty).start()

    assert not list(empty.glob("postgres.new-*"))
    assert query(empty, "SELECT 1") == [(1,)]


def test_the_error_has_the_end_of_the_log_if_the_server_does_not_start(empty: Path) -> None:
    database = empty / "postgres"
    database.mkdir(parents=True, mode=0o700)
    change_owner(database, server_account())

    with pytest.raises(EmbeddedPostgresError, match=r"(?s)Its log ends with:.*postgresql\.conf.*No such file"):
        EmbeddedPostgres(empty).start()
