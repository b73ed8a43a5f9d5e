"""A bare directory in place of a Debian machine, on which docs/operations.md is followed: sudo, apt-get, useradd and
systemctl are stand-ins, all else is what an operator has. Absolute paths and ports are those of this machine.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from leadsite.demo.embedded.account import as_server_account, server_account
from leadsite.demo.embedded.programs import program
from tests.site import REPOSITORY, free_port, until

# Places of the documented installation, which are below the directory here.
PLACES = re.compile(
    r"(?<![\w.$/*-])/(opt/leadsite|etc/(?:leadsite|nginx|systemd|sysctl\.d|prometheus)|var/(?:lib/leadsite|www)|run/nginx)\b"
)
OPTIONS_OF_ROOT = """
while [ $# -gt 0 ]; do
    case $1 in
        -u) account=$2; shift 2 ;;
        --) shift; break ;;
        *) break ;;
    esac
done
"""


class Machine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site_port, self.plain_port, self.secure_port, self.database_port = (free_port() for _ in range(4))
        self.account = server_account()
        self.errors = ""  # what the last blocks wrote to standard error
        # Root is somebody else for services, with what that account needs to read this directory.
        self.as_ordinary = as_server_account(self.account, folder) if os.geteuid() == 0 else []
        for name in ("shims", "etc/nginx", "etc/systemd/system", "etc/prometheus", "var", "opt", "home", "run"):
            (folder / name).mkdir(parents=True)
        self._write_shims()
        tools = [folder / "shims", Path(program("psql")).parent, Path(sys.executable).parent]
        python = Path(os.path.realpath(sys.executable)).parent
        self.env = {
            "PATH": ":".join(map(str, [*tools[:2], python, tools[2], "/usr/sbin", "/usr/bin", "/sbin", "/bin"])),
            "HOME": os.environ.get("HOME", str(folder / "home")),
            "LANG": "C.UTF-8",
            "UV_COMPILE_BYTECODE": "1",  # as pip does
            "UV_LINK_MODE": "copy",
            "MACHINE_LOG": str(folder / "shims.log"),
        } | {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))}

    def _write_shims(self) -> None:
        ordinary = shlex.join(self.as_ordinary)
        drop = os.geteuid() != 0
        name = self.account.pw_name
        group = subprocess.run(["id", "-gn", name], capture_output=True, text=True, check=True).stdout.strip()
        quiet = 'echo "$(basename $0) $*" >> "$MACHINE_LOG"\n'
        # The account is another one here; without root nobody can give files away, and all are the same account's.
        options = f'-o) set -- "$@" -o {name} ;; -g) set -- "$@" -g {group} ;;' if not drop else "-o|-g) ;;"
        install = f"""before=; for one; do shift
            case $before in -o|-g) before=; continue ;; esac
            before=$one
            case $one in {options} *) set -- "$@" "$one" ;; esac
        done\nexec /usr/bin/install "$@"\n"""
        shims = {
            "sudo": f'{OPTIONS_OF_ROOT}if [ "$account" = leadsite ]; then exec {ordinary} "$@"; fi\nexec "$@"\n',
            "runuser": f'{OPTIONS_OF_ROOT}exec "$@"\n',
            "chown": "exit 0\n" if drop else f'shift; exec /usr/bin/chown root:{group} "$@"\n',
            "install": install,
            **dict.fromkeys(("apt-get", "useradd"), quiet),
            # What the file names fails; what only asks is not noted.
            "systemctl": f'[ "$1" != show ] || exit 0\n{quiet}! grep -qsxF "$*" "$MACHINE_LOG.failing"\n',
        }
        for shim, text in shims.items():
            path = self.folder / "shims" / shim
            path.write_text(f"#!/bin/sh\n{text}")
            path.chmod(0o755)

    def here(self, text: str) -> str:
        """A text of the documentation or of a shipped file with the places and ports of this machine."""
        text = PLACES.sub(rf"{self.folder}/\1", text)
        # uv checks the same hashes, and has the files from the tests' own environment.
        text = re.sub(r"(\S*\.venv/bin)/pip install", r"uv pip install --python \1/python", text)
        text = re.sub(r"127\.0\.0\.1:8000\b", f"127.0.0.1:{self.site_port}", text)
        text = text.replace("--port=8000", f"--port={self.site_port}").replace("127.0.0.1:5432", self.database)
        text = re.sub(r"(listen (?:\[::\]:)?)80\b", rf"\g<1>{self.plain_port}", text)
        text = re.sub(r"(listen (?:\[::\]:)?)443\b", rf"\g<1>{self.secure_port}", text)
        text = text.replace("$HOST:443:", f"$HOST:{self.secure_port}:")
        return text.replace("https://$HOST/", f"https://$HOST:{self.secure_port}/")

    @property
    def database(self) -> str:
        return f"127.0.0.1:{self.database_port}"

    def follow(self, blocks: list[str]) -> str:
        """Run blocks in one shell, as somebody who copies them, and return what they print."""
        script = self.folder / "shims/script"
        adapt = f"{shlex.quote(sys.executable)} -m tests.long.machine {shlex.quote(str(self.folder))}"
        ports = f"{self.site_port} {self.plain_port} {self.secure_port} {self.database_port}"
        parts = [f"{self.here(block)}\n(cd {shlex.quote(str(REPOSITORY))} && {adapt} {ports})" for block in blocks]
        script.write_text("set -eux\n" + "\n".join(parts))
        run = subprocess.run(["sh", script], cwd=REPOSITORY, env=self.env, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-5000:]
        self.errors = run.stderr
        return run.stdout

    def unit(self, name: str) -> "Unit":
        return Unit(self, name)


def adapt_files(folder: Path, ports: list[int]) -> None:
    """Give what was copied to etc/ the places and ports of this machine, as `here` does."""
    machine = object.__new__(Machine)
    machine.folder = folder
    machine.site_port, machine.plain_port, machine.secure_port, machine.database_port = ports
    for path in (folder / "etc").rglob("*"):
        if path.is_file() and path.suffix in {".service", ".conf", ".env", ".yml"}:
            text = path.read_text(encoding="utf-8")
            if path.name == "nginx.conf" and "http {" in text and "_temp_path" not in text:
                kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                places = "".join(f"    {kind}_temp_path {folder}/var/{kind};\n" for kind in kinds)
                # Started by root, nginx works as another user, who may not write here.
                user = "user root;\n" if os.geteuid() == 0 else ""
                text = user + text.replace("http {\n", f"http {{\n{places}")
            path.write_text(machine.here(text), encoding="utf-8")


class Unit:
    """A service as systemd runs it: ExecStart, WorkingDirectory, EnvironmentFile, Restart, KillMode=mixed."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self.name = name
        text = (machine.folder / f"etc/systemd/system/{name}.service").read_text(encoding="utf-8")
        lines = [line for line in text.replace("\\\n", " ").splitlines() if line and line[0] not in "#["]
        entries = [line.split("=", 1) for line in lines]
        self.settings = dict(entries)
        self._reloads = [value for name, value in entries if name == "ExecReload"]
        self.restarts = 0
        self.log = machine.folder / f"var/{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watching: threading.Thread | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _start(self) -> None:
        self._process = self._popen(self.settings["ExecStart"])

    def _popen(self, command: str) -> subprocess.Popen[bytes]:
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        if file := self.settings.get("EnvironmentFile"):
            lines = [line for line in Path(file).read_text().splitlines() if line and not line.startswith("#")]
            variables |= dict(line.split("=", 1) for line in lines)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self._machine.as_ordinary, *shlex.split(command)],
                cwd=self.settings["WorkingDirectory"],
                env=variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self) -> None:
        """A oneshot unit, to its end."""
        assert self.settings["Type"] == "oneshot"
        self._start()
        assert self._process is not None
        assert self._process.wait(300) == 0, self.log.read_text()

    def start(self) -> None:
        assert (self.settings["Restart"], self.settings["KillMode"]) == ("always", "mixed")
        self._start()
        self._watching = threading.Thread(target=self._keep)
        self._watching.start()

    def _keep(self) -> None:
        pause = float(self.settings["RestartSec"].removesuffix("ms")) / 1000
        while not self._stopping.is_set():
            assert self._process is not None
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
                if not self._stopping.is_set():
                    self._kill_rest()
                    time.sleep(pause)
                    self.restarts += 1
                    self._start()

    def _kill_rest(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def reload(self) -> int:
        """Return the exit code of `systemctl reload`: it runs each ExecReload, up to the first that fails."""
        codes = (self._popen(one.replace("$MAINPID", str(self.pid))).wait(300) for one in self._reloads)
        return next(filter(None, codes), 0)

    def stop(self) -> float:
        """Return the seconds that it took; what is left after TimeoutStopSec is killed."""
        started = time.monotonic()
        self._stopping.set()
        if self._watching:
            self._watching.join()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(float(self.settings["TimeoutStopSec"]))
            self._kill_rest()
            self._process.wait()
        return time.monotonic() - started


@contextmanager
def machine() -> Iterator[Machine]:
    """A machine with a PostgreSQL of its own. Its directory is one that other accounts can enter."""
    folder = Path(tempfile.mkdtemp(prefix="leadsite-machine-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        made = Machine(folder)
        with postgresql(made):
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kernel_settings(file: Path) -> Iterator[bool]:
    """Apply a file of sysctl.d, as systemd-sysctl does, until the end of the block. Yields whether it could."""
    lines = [line for line in file.read_text().splitlines() if line and line[0] not in "#;"]
    settings = [line.lstrip("-").split("=") for line in lines]
    wanted = {Path("/proc/sys", *name.strip().split(".")): value.strip() for name, value in settings}
    try:
        before = {path: path.read_text() for path in wanted}
        for path, value in wanted.items():
            path.write_text(value)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        for path, value in before.items():
            path.write_text(value)


@contextmanager
def postgresql(made: Machine) -> Iterator[None]:
    data = made.folder / "var/postgresql"
    data.mkdir(mode=0o700)
    os.chown(data, made.account.pw_uid, made.account.pw_gid)
    made.env |= {"PGHOST": "127.0.0.1", "PGPORT": str(made.database_port), "PGUSER": "postgres", "PGPASSWORD": "super"}
    secret = data.parent / "password"
    secret.write_text("super")
    secret.chmod(0o644)
    options = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8"]
    prefix = made.as_ordinary
    subprocess.run([*prefix, program("initdb"), "-D", data, *options], check=True, capture_output=True, cwd="/")
    listen = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
    command = [*prefix, program("postgres"), "-D", str(data), "-p", str(made.database_port), *listen]
    with (data.parent / "postgresql.log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
    try:
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(made.database_port)]
        until(lambda: subprocess.run(ready, check=False).returncode == 0)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


if __name__ == "__main__":
    adapt_files(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]])
