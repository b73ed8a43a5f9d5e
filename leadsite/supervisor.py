"""Keeps the demo's processes alive: the web server, and the embedded PostgreSQL where that is the database."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType
from typing import Final

import structlog
from django.conf import settings

from leadsite import embedded

log = structlog.get_logger(__name__)

HOST: Final = "127.0.0.1"
WORKERS: Final = 2
READY_SECONDS: Final = 60
STOP_SECONDS: Final = 15
LOOK_SECONDS: Final = 0.5
# A web server that dies this often without ever answering will not come up by trying again.
MAX_STARTS_WITHOUT_ANSWER: Final = 5
_PR_SET_PDEATHSIG: Final = 1


class PortBusy(Exception):
    """Another program listens on the port."""


class WebServerBroken(Exception):
    """The web server does not start."""


class Supervisor:
    def __init__(self, *, port: int) -> None:
        self.port = port
        self._stopping = False
        self._web: subprocess.Popen[bytes] | None = None

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM, then stop what was started. `on_ready` is called when the site answers.

        Raises PortBusy and WebServerBroken.
        """
        self._check_port()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._stop)
        try:
            self._start_web()
            announced = False
            starts = 1
            while not self._stopping:
                if not announced and self._answers():
                    announced = True
                    on_ready()
                if self._web is not None and self._web.poll() is not None:
                    starts = 1 if announced else starts + 1
                    if starts > MAX_STARTS_WITHOUT_ANSWER:
                        raise WebServerBroken("The web server does not start; its own words are above.")
                    log.error("web_server_died", exit_code=self._web.returncode)
                    self._kill_web_group()
                    self._start_web()
                self._revive_database()
                time.sleep(LOOK_SECONDS if announced else LOOK_SECONDS / 5)
        finally:
            self._stop_web()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise PortBusy(
                    f"Port {self.port} cannot be used ({error.strerror}). Choose another: PORT={self.port + 1} make run"
                ) from error

    def _start_web(self) -> None:
        self._web = subprocess.Popen(  # noqa: S603 - every word of the command is ours
            server_command(self.port, workers=WORKERS),
            cwd=settings.BASE_DIR,
            # "true" and not what manage.py was given: a server works on the demo only when told to.
            env={**os.environ, "LEADSITE_DEMO": "true"},
            # A group of its own: Ctrl-C reaches the supervisor alone, which stops the server in order, and the
            # workers of a killed server can be found and killed.
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - the supervisor has no threads
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _revive_database(self) -> None:
        if not settings.EMBEDDED_POSTGRES:
            return
        server = embedded.EmbeddedPostgres(settings.DATA_DIR)
        if not server.is_running() and not self._stopping:
            log.error("database_died")
            try:
                server.start()
            except embedded.EmbeddedPostgresError:
                # Ctrl-C also reaches the programs that start it, and to stop is what was asked for.
                if not self._stopping:
                    raise

    def _stop_web(self) -> None:
        if self._web is None:
            return
        if self._web.poll() is None:
            self._web.terminate()
            try:
                self._web.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                log.error("web_server_killed", reason=f"did not stop within {STOP_SECONDS} s")
        self._kill_web_group()

    def _kill_web_group(self) -> None:
        """Workers may outlive a server that was killed, and would keep its port."""
        if self._web is None:
            return
        try:
            os.killpg(self._web.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._web.wait()


def server_command(port: int, *, workers: int, host: str = HOST) -> list[str]:
    """The web server as the demo and the benchmark start it; the Dockerfile says the same for production."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface=wsgi",
        f"--host={host}",
        f"--port={port}",
        f"--workers={workers}",
        "--blocking-threads=4",
        "--respawn-failed-workers",
        # A worker that is just starting does not hear that it should stop; granian would wait for it without end.
        "--workers-kill-timeout=8",
        "--no-ws",
        "--log-level=error",
        "leadsite.wsgi:application",
    ]


def _die_with_parent() -> None:
    """Ask Linux to stop the web server when the supervisor is killed (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
