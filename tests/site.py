"""The site as it runs in production, and manage.py as an operator runs it, in separate processes."""

import fcntl
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil
import requests
from django.core.management import ManagementUtility

from leadsite.demo.supervisor import HOST, server_command

REPOSITORY = Path(__file__).resolve().parent.parent
DEADLINE_SECONDS = 120
STOP_SECONDS = 60
# Of the served site of tests/conftest.py, for deliveries.
SERVED_SECRET = "an app secret of the tests"
# Variables that the user may have set for another installation, and variables of pytest.
NOT_FOR_CHILDREN = (
    *(
        "ALLOWED_HOSTS",
        "API_REQUESTS_PER_MINUTE",
        "BEHIND_PROXY",
        "CORS_ALLOWED_ORIGINS",
        "CSRF_TRUSTED_ORIGINS",
        "DATABASE_REPLICA_URL",
        "DATABASE_URL",
        "DEBUG",
    ),
    *(
        "DELIVERY_DAYS",
        "DEMO_PASSWORD",
        "EMAIL_FROM",
        "EMAIL_URL",
        "SESSION_IDLE_HOURS",
        "SESSION_MAX_DAYS",
        "STAFF_SECOND_FACTOR",
        "DJANGO_SETTINGS_MODULE",
        "FAILED_DELIVERY_DAYS",
        "FAILED_TRANSACTION_DAYS",
        "FIELD_ENCRYPTION_KEYS",
        "HTTPS",
    ),
    *(
        "LEADSITE_DEMO",
        "LOG_LEVEL",
        "METRICS_TOKEN",
        "PORT",
        "PUBLIC_URL",
        "PYTEST_VERSION",
        "PYTHONUNBUFFERED",
        "SECRET_KEY",
    ),
    *("TWILIO_API_BASE_URL", "WEBHOOKS_ALLOW_PRIVATE", "WHATSAPP_API_BASE_URL", "WHATSAPP_API_VERSION"),
    "WHATSAPP_APP_SECRETS",
    *("WHATSAPP_BACKEND", "WHATSAPP_ENFORCE_WINDOW", "WHATSAPP_MESSAGES_PER_SECOND", "WHATSAPP_PAIR_BURST"),
    *("WHATSAPP_PAIR_SECONDS", "WHATSAPP_VERIFY_TOKEN"),
)
T = TypeVar("T")


def until(condition: Callable[[], T], problem: Callable[[], str] = str, seconds: float = DEADLINE_SECONDS) -> T:
    """Wait until the condition is true and return its value; `problem` returns the message of the failure."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, problem()
        time.sleep(0.01)
    return answer


# Below the ephemeral ports of Linux and macOS, which a client might be assigned before the port is used.
PORTS = range(20_000, 32_000)
_reserved: list[IO[bytes]] = []


def free_port() -> int:
    """Return an unused port, reserved for this process among those that run tests."""
    marks = Path(tempfile.gettempdir()) / f"leadsite-test-ports-{os.getuid()}"
    marks.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with suppress(OSError), ExitStack() as stack, socket.socket() as probe:
            mark = stack.enter_context((marks / str(port)).open("ab"))
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.bind((HOST, port))
            _reserved.append(mark)
            stack.pop_all()
            return port
    raise AssertionError("No port is free.")


def environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """Return this process's environment without the variables of other installations and of pytest."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return kept | {"LEADSITE_DATA_DIR": str(data_dir)} | variables


def manage(*arguments: str, env: Mapping[str, str], code: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run manage.py as an operator does."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=code, env=env, capture_output=True, text=True, check=False)


def exit_code(*arguments: str) -> object:
    """Run manage.py in this process, whose stdout and stderr it uses; for what ends before it uses the database."""
    utility = ManagementUtility(["manage.py", *arguments])
    try:
        utility.fetch_command(arguments[0]).run_from_argv(["manage.py", *arguments])
    except SystemExit as end:
        return end.code or 0
    return 0


class Site:
    """The production web server with two workers, as one process group, on a running database."""

    def __init__(self, *, url: str, data_dir: Path, **variables: str) -> None:
        self.port = free_port()
        self.address = f"http://{HOST}:{self.port}"
        self.data_dir = data_dir
        self._log = data_dir / "web.log"
        # Time-outs are off unless a test is about them, because the machine may be busy.
        # The rate limit is off too.
        relaxed = {
            "API_REQUESTS_PER_MINUTE": "0",
            "REFUSALS_PER_MINUTE": "0",
            "DATABASE_TIMEOUTS": "false",
            "DATABASE_WAIT_SECONDS": "0",
        }
        fixed = {"DATABASE_URL": url, "LEADSITE_DEMO": "true", "SECRET_KEY": secrets.token_urlsafe(50)}
        self._environment = environment(data_dir, **(relaxed | fixed | variables))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until both workers answer."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                server_command(self.port, workers=2),
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self._answers() and len(self.workers()) == 2, self.log)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        with suppress(requests.ConnectionError, requests.Timeout):
            return request("GET", f"{self.address}/livez").status_code == 200
        return False

    def workers(self) -> set[int]:
        assert self._process is not None
        return workers_of(self._process.pid)

    def kill9(self) -> None:
        """Kill all its processes at once by SIGKILL."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Stop it by SIGTERM; kill what is left after STOP_SECONDS."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def post_lead(self, api_key: str, lead: Mapping[str, Any]) -> requests.Response:
        return post_lead(self.address, api_key, lead)


def workers_of(web_server: int) -> set[int]:
    """Return the processes that answer requests. A starting process has a single thread."""
    found = set()
    for child in psutil.Process(web_server).children():
        with suppress(psutil.NoSuchProcess):
            if child.num_threads() > 1:
                found.add(child.pid)
    return found


def post_lead(address: str, api_key: str, lead: Mapping[str, Any]) -> requests.Response:
    """POST /api/leads over a new connection."""
    return request("POST", f"{address}/api/leads", json=lead, headers={"Authorization": f"Bearer {api_key}"})


def request(method: str, address: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False  # ignore a proxy in the environment
        return session.request(method, address, timeout=60, **options)


@contextmanager
def serving(url: str, data_dir: Path, **variables: str) -> Iterator[Site]:
    site = Site(url=url, data_dir=data_dir, **variables)
    try:
        site.start()
        yield site
    finally:
        site.stop()
