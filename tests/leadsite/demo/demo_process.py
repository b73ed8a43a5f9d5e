"""A demo as a user starts it: `manage.py demo` in a separate process, with its children."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import requests

from leadsite.demo.embedded import database_url
from leadsite.demo.supervisor import HOST, WORKERS
from tests.factories import ORDER
from tests.site import DEADLINE_SECONDS, REPOSITORY, environment, free_port, post_lead, until, workers_of


class Demo:
    """A running `manage.py demo`, its output, and the processes that it started."""

    def __init__(self, data_dir: Path, port: int, **variables: str) -> None:
        self.data_dir = data_dir
        self.address = f"http://{HOST}:{port}"
        self._output = data_dir / f"output.{port}"  # two may have one directory
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=REPOSITORY,
                env=environment(data_dir, LEADSITE_DEMO="true", PORT=str(port), **variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._output.read_text()

    def await_all(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait for the banner, all web processes and the worker."""

        def is_up() -> bool:
            assert self.process.poll() is None, self.output()
            is_announced = "Ctrl-C stops the site" in self.output()
            return is_announced and len(self.web_processes()) == WORKERS and self.worker_is_registered()

        until(is_up, lambda: f"{self.web_processes()} {self.children('worker')} {self.output()[-6000:]}", seconds)

    def web_processes(self) -> list[int]:
        """The processes that answer requests."""
        found = []
        for web in self.children("granian"):
            with suppress(psutil.NoSuchProcess):
                found += sorted(workers_of(web.pid))
        return found

    def shown(self, label: str) -> str:
        """Return the value after a label in the banner."""
        found = re.search(rf"^  {label} +(\S+)$", self.output(), re.MULTILINE)
        assert found, self.output()
        return found[1]

    def post_lead(self) -> requests.Response:
        return post_lead(self.address, self.shown("API key"), ORDER)

    def takes_leads(self) -> bool:
        try:
            return self.post_lead().status_code == 201
        except requests.RequestException:
            return False

    def child(self, word: str) -> psutil.Process:
        """The supervisor's child with this word in its command line."""
        (child,) = self.children(word)
        return child

    def children(self, word: str) -> list[psutil.Process]:
        """As `child`, but empty while the child is restarted. A child is the leader of a process group."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getpgid(child.pid) == child.pid and word in child.cmdline():
                    found.append(child)
        return found

    def worker_is_registered(self) -> bool:
        """Whether the present worker has registered in the database."""
        with psycopg.connect(database_url(self.data_dir)) as session:
            beats = session.execute("SELECT extract(epoch FROM last_heartbeat) FROM procrastinate_workers").fetchall()
        return any(worker.create_time() <= beat for worker in self.children("worker") for (beat,) in beats)

    def database(self) -> psutil.Process:
        pid_file = self.data_dir / "postgres" / "postmaster.pid"
        return psutil.Process(int(pid_file.read_text().splitlines()[0]))

    def everything(self) -> list[psutil.Process]:
        own, database = psutil.Process(self.process.pid), self.database()
        return [own, *own.children(recursive=True), database, *database.children(recursive=True)]

    def press_ctrl_c(self) -> int:
        """Send SIGINT to the process group, as a terminal does. Returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:  # not left beside the tests that follow
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


def still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def demo(data_dir: Path, port: int | None = None, **variables: str) -> Iterator[Demo]:
    running = Demo(data_dir, port or free_port(), **variables)
    try:
        running.await_all()
        yield running
    finally:
        if running.process.poll() is None:
            running.press_ctrl_c()
