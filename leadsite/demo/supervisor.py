"""Runs the demo's web server and worker and restarts them, and the embedded PostgreSQL, when they exit."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType
from typing import Final

import structlog
from django.conf import settings

from leadsite.demo import embedded

log = structlog.get_logger(__name__)

HOST: Final = "127.0.0.1"
# Web servers, of one process each: while a killed one starts again, the other answers. Only Linux lets several programs
# share a port so that each has a part of the connections; elsewhere one web server has all processes.
WORKERS: Final = 2
WEB_SERVERS: Final = WORKERS if sys.platform == "linux" else 1
STOP_SECONDS: Final = 15
POLL_SECONDS: Final = 0.2
# A child that exits is restarted at once. One that has exited after a short run this often waits: DELAY_SECONDS from
# start to start, twice as long each time, up to MAX_DELAY_SECONDS.
SHORT_RUN_SECONDS: Final = 5
SHORT_RUNS: Final = 3
DELAY_SECONDS: Final = 0.5
MAX_DELAY_SECONDS: Final = 10.0
# How often to look whether the database runs, and to start one that does not.
DATABASE_SECONDS: Final = 0.5
# A web server that exits this often without ever answering is not started again.
MAX_STARTS_WITHOUT_ANSWER: Final = 5
_PR_SET_PDEATHSIG: Final = 1
# Linux only. Looked up here, because a forked child must not wait for a lock of the dynamic linker.
_PRCTL: Final = getattr(ctypes.CDLL(None), "prctl", None)


class PortBusy(Exception):
    """Another program listens on the port."""


class WebServerBroken(Exception):
    """The web server does not start."""


class Child:
    """A process in its own process group, which is restarted when it exits and ends with the supervisor."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.exits = 0
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._short_runs = 0

    def keep_alive(self) -> None:
        """Start the process where it does not run and its delay has passed. Call it every POLL_SECONDS."""
        if self._process is not None and self._process.poll() is not None:
            is_short = time.monotonic() - self._started_at < SHORT_RUN_SECONDS
            self._short_runs = self._short_runs + 1 if is_short else 0
            self.exits += 1
            log.error(f"{self.name}_died", exit_code=self._process.returncode)
            self._kill_group()
            self._process = None
        if self._process is None and time.monotonic() >= self._started_at + self._delay():
            self._start()

    def _delay(self) -> float:
        """How long after its last start it may start again."""
        if self._short_runs <= SHORT_RUNS:
            return 0.0
        return float(min(DELAY_SECONDS * 2 ** (self._short_runs - SHORT_RUNS - 1), MAX_DELAY_SECONDS))

    def _start(self) -> None:
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - constant command
            self._command,
            cwd=settings.BASE_DIR,
            # Explicitly "true": a web server serves the demo only when told to (see leadsite/settings.py).
            env={**os.environ, "LEADSITE_DEMO": "true"},
            # Its own process group: Ctrl-C reaches only the supervisor, which stops its children in order, and the
            # workers of a killed web server can be killed with the group.
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - it takes no lock that another thread may hold
        )

    def terminate(self) -> None:
        """Send SIGTERM; `wait_for_exit` waits for the end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait_for_exit(self, deadline: float) -> None:
        """Wait until the deadline (time.monotonic()), then kill the rest of the process group."""
        if self._process is None:
            return
        try:
            self._process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            log.error(f"{self.name}_killed", reason=f"did not stop within {STOP_SECONDS} s")
        self._kill_group()

    def _kill_group(self) -> None:
        """Kill the whole group: workers may survive their web server and would keep its port."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait()


class Supervisor:
    def __init__(self, *, port: int) -> None:
        self.port = port
        self._stopping = False
        self._database_problem = ""
        command = server_command(port, workers=WORKERS // WEB_SERVERS)
        self._web = [Child("web_server", command) for _ in range(WEB_SERVERS)]
        self._worker = Child("worker", [sys.executable, "manage.py", "worker"])

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM, then stop all processes. `on_ready` is called when the site answers.

        Raises PortBusy and WebServerBroken.
        """
        self._check_port()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._stop)
        # In a thread: a server that recovers or hangs answers late, and the children are kept alive meanwhile.
        database = threading.Thread(target=self._keep_database)
        database.start()
        try:
            announced = False
            while not self._stopping:
                for child in (*self._web, self._worker):
                    child.keep_alive()
                if not announced and self._answers():
                    announced = True
                    on_ready()
                if not announced and max(web.exits for web in self._web) >= MAX_STARTS_WITHOUT_ANSWER:
                    raise WebServerBroken("The web server does not start; see its output above.")
                time.sleep(POLL_SECONDS)
        finally:
            self._stopping = True
            self._stop_children()
            database.join()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _stop_children(self) -> None:
        """Stop all children at once. The database, which they need until then, stops last (embedded.lease)."""
        deadline = time.monotonic() + STOP_SECONDS
        for child in (*self._web, self._worker):
            child.terminate()
        for child in (*self._web, self._worker):
            child.wait_for_exit(deadline)

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise PortBusy(
                    f"Port {self.port} cannot be used ({error.strerror}). Choose another: PORT={self.port + 1} make run"
                ) from error

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _keep_database(self) -> None:
        """Restart it whenever it has died, until the end."""
        while settings.EMBEDDED_POSTGRES and not self._stopping:
            self._restart_database()
            time.sleep(DATABASE_SECONDS)

    def _restart_database(self) -> None:
        """Start a database that has died. Where it does not start, because its disk is full, tell it once."""
        server = embedded.EmbeddedPostgres(settings.DATA_DIR)
        if server.is_running() or self._stopping:
            return
        if not self._database_problem:
            log.error("database_died")
        try:
            server.start()
            self._database_problem = ""
        except embedded.EmbeddedPostgresError as error:
            # Ctrl-C also reaches the programs that start the database: no error while stopping.
            if not self._stopping and not self._database_problem:
                log.error("database_not_started", error=str(error))
            self._database_problem = str(error)


def server_command(port: int, *, workers: int, host: str = HOST) -> list[str]:
    """The web server's command for the demo and the benchmark; a test compares it with those for production."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface=rsgi",
        f"--host={host}",
        f"--port={port}",
        f"--workers={workers}",
        # Connections of a process. Requests wait in the site's own queue, which is shorter (leadsite/server).
        "--backpressure=4000",
        # HTTP/2 is the proxy's. A connection that sends nothing is closed with HTTP/1 only.
        "--http=1",
        "--http1-header-read-timeout=10000",
        "--respawn-failed-workers",
        # A worker that is still starting ignores the signal to stop; without a limit granian would wait forever.
        "--workers-kill-timeout=8",
        # After SIGHUP: how long a new worker may take to start before the one that it replaces is stopped.
        "--respawn-interval=20",
        "--no-ws",
        "--log-level=error",
        "leadsite.server.application:application",
    ]


def _die_with_parent() -> None:
    """Have Linux send SIGTERM to the child when the supervisor is killed (prctl(2), PR_SET_PDEATHSIG)."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
