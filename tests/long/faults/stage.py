"""A site as `make run` serves it (granian, worker and supervisor), on a PostgreSQL server of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg

from leadsite.demo import secrets as demo_secrets
from leadsite.demo.data import EMAIL, PHONE_NUMBER_ID
from leadsite.demo.embedded import EmbeddedPostgres, database_url
from leadsite.demo.supervisor import WORKERS
from tests.leadsite.demo.demo_process import Demo, demo
from tests.site import environment, manage, request, until
from tests.whatsapp import twilio_forms
from tests.whatsapp.graph import Graph, graph_api

# A program beside a site under load starts slowly where tests share two processors.
START_SECONDS = 300
SHORT_SECONDS = 8.0
# Until all processes run and work again after a fault. A worker that waited for the database needs some seconds.
HEALTH_SECONDS = 60
# Both volumes of the database, and that of the metrics, are file systems in memory, which a case fills by making them
# smaller.
DATA_SIZE, LOG_SIZE, METRICS_SIZE = "2g", "1500m", "64m"


class Stage:
    """The running site, and the processes that a case may stop."""

    is_short = False

    def __init__(self, demo: Demo, graph: Graph, variables: dict[str, str], volumes: dict[str, Path]) -> None:
        self.demo = demo
        self.graph = graph
        self.volumes = volumes
        self._broken = ""
        self.import_process: subprocess.Popen[bytes] | None = None  # the command that the load runs
        self.data_dir = demo.data_dir
        self.address = demo.address
        self.url = database_url(demo.data_dir)
        self.server = EmbeddedPostgres(demo.data_dir)
        self.environment = environment(demo.data_dir, LEADSITE_DEMO="true", **variables)
        self.password = demo.shown("Password")
        self.api_key = self._business(f"--phone-number-id={PHONE_NUMBER_ID}", "--access-token=a token")["api_key"]
        number = (f"--phone-number-id={twilio_forms.BUSINESS}", f"--access-token={twilio_forms.TOKEN}")
        self.user_id = self._business(*number)["user_id"]
        lines = demo_secrets.path(demo.data_dir).read_text().splitlines()
        self.secrets = dict(line.split("=", 1) for line in lines if not line.startswith("#"))

    def _business(self, *options: str) -> dict[str, Any]:
        made = manage("create_business", f"--email={EMAIL}", *options, "--json", env=self.environment)
        assert made.returncode == 0, made.stderr
        return dict(json.loads(made.stdout))

    def execute(self, statement: str, *parameters: Any) -> list[Any]:
        """Execute a statement in a session of its own."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as session:
            cursor = session.execute(statement, parameters)
            return cursor.fetchall() if cursor.description is not None else []

    def replay_deliveries(self) -> None:
        """Store what was kept of deliveries whose effects failed, as the worker does a minute later."""
        if self.execute("SELECT FROM webhook_deliveries WHERE state = 'failed' LIMIT 1"):
            ended = manage("replay_deliveries", "--state=failed", env=self.environment)
            assert ended.returncode == 0, ended.stdout + ended.stderr

    def lasting(self, seconds: float) -> float:
        """How long a fault lasts: with --short-faults not much longer than a request may wait."""
        return min(seconds, SHORT_SECONDS) if self.is_short else seconds

    def await_health(self) -> None:
        """Wait until all processes run and /readyz says 200. After a first failure each call fails at once."""
        assert not self._broken, f"An earlier case has left the site broken.\n{self._broken}"
        try:
            until(lambda: not self._missing(), lambda: f"{self._missing()}\n{self.log()}", HEALTH_SECONDS)
        except AssertionError as error:
            self._broken = str(error)
            raise

    def _missing(self) -> str:
        """What does not work, in words; "" where all does."""
        if self.demo.process.poll() is not None:
            return "The supervisor has ended."
        serving = len(self.demo.web_processes())
        if serving != WORKERS:
            return f"{serving} of {WORKERS} web processes serve."
        try:
            ready = request("GET", f"{self.address}/readyz")
            if ready.status_code != 200:
                return f"/readyz says {ready.status_code}: {ready.text}"
        except OSError as error:
            return repr(error)
        # Not whether it is registered: one that was suspended for half a minute is not any more, and works.
        return "" if self.demo.children("worker") else "No worker runs."

    def configure(self, **values: str) -> None:
        """Change settings of the server, as an operator does; None where the value is empty."""
        for name, value in values.items():
            self.execute(f"ALTER SYSTEM SET {name} = '{value}'" if value else f"ALTER SYSTEM RESET {name}")
        self.execute("SELECT pg_reload_conf()")

    def accepts(self) -> bool:
        """Whether the database server accepts connections."""
        return self.server.is_running()

    def database(self) -> psutil.Process:
        return self.demo.database()

    def backends(self) -> list[int]:
        """The server's processes for the site's sessions."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND datname = 'leadsite' ORDER BY query_start DESC"
        )
        return [pid for (pid,) in self.execute(query)]

    def log(self) -> str:
        """The ends of the site's and of the server's log."""
        return self.demo.output()[-6000:] + (self.data_dir / "postgres.log").read_text(errors="replace")[-2000:]


@contextmanager
def stage(data_dir: Path, **variables: str) -> Iterator[Stage]:
    variables = {
        "WHATSAPP_BACKEND": "cloud",
        "API_REQUESTS_PER_MINUTE": "0",
        "WEBHOOKS_ALLOW_PRIVATE": "true",
    } | variables
    with graph_api() as graph, volumes_of(data_dir) as volumes:
        variables |= {"WHATSAPP_API_BASE_URL": graph.address, "TWILIO_API_BASE_URL": graph.address}
        with demo(data_dir, None, **variables) as running:
            yield Stage(running, graph, variables, volumes)


@contextmanager
def volumes_of(data_dir: Path) -> Iterator[dict[str, Path]]:
    """Put tables, write-ahead log and metrics on volumes of their own, where this machine allows it."""
    if os.geteuid() != 0:
        yield {}
        return
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    (data_dir / "metrics").mkdir(mode=0o700)
    folders = (
        ("data", "postgres", DATA_SIZE),
        ("log", "postgres/pg_wal", LOG_SIZE),
        ("metrics", "metrics", METRICS_SIZE),
    )
    with ExitStack() as stack:
        volumes = {}
        for name, folder, size in folders:
            if not stack.enter_context(volume(data_dir / folder, size)):
                break
            volumes[name] = data_dir / folder
        try:
            yield volumes
        finally:
            server.stop()


@contextmanager
def volume(folder: Path, size: str) -> Iterator[bool]:
    """Move a folder to a file system of its own; yields whether that was possible."""
    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        folder.rmdir()
        aside.rename(folder)
        yield False
        return
    subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
    shutil.rmtree(aside)
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(folder: Path, size: str) -> bool:
    """Change the size of a volume; returns whether its content fits."""
    return subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=False).returncode == 0


def fill(folder: Path) -> None:
    """Leave no room on a volume. Its content changes meanwhile: then it is tried again with a little more."""
    for spare in count(0, 65_536):
        found = os.statvfs(folder)
        if resize(folder, str((found.f_blocks - found.f_bfree) * found.f_frsize + spare)):
            return
