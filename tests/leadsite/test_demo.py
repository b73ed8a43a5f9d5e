"""`make run`: everything to a served site, and back to nothing. The demo runs here as a person starts it."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import requests

from leadsite import demo_values
from leadsite.embedded import EmbeddedPostgres, database_url
from leadsite.supervisor import HOST, server_command
from tests.factories import ORDER
from tests.site import (
    DEADLINE_SECONDS,
    REPOSITORY,
    environment,
    free_port,
    manage,
    post_lead,
    request,
    until,
    workers_of,
)


class Demo:
    """A running `manage.py demo`, its output, and the processes that it started."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.address = f"http://{HOST}:{port}"
        self._output = data_dir / "output"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=REPOSITORY,
                env=environment(data_dir, LEADSITE_DEMO="true", PORT=str(port)),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._output.read_text()

    def await_all(self) -> None:
        """Wait for the banner and both workers."""

        def is_up() -> bool:
            assert self.process.poll() is None, self.output()
            return "Ctrl-C stops it" in self.output() and len(workers_of(self.web().pid)) == 2

        until(is_up, self.output)

    def shown(self, label: str) -> str:
        """What the banner says after a label."""
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

    def web(self) -> psutil.Process:
        """The web server, which is the head of a process group."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getpgid(child.pid) == child.pid:
                    return child
        raise AssertionError(self.output())

    def database(self) -> psutil.Process:
        pid_file = self.data_dir / "postgres" / "postmaster.pid"
        return psutil.Process(int(pid_file.read_text().splitlines()[0]))

    def everything(self) -> list[psutil.Process]:
        own, database = psutil.Process(self.process.pid), self.database()
        return [own, *own.children(recursive=True), database, *database.children(recursive=True)]

    def press_ctrl_c(self) -> int:
        """A terminal sends it to all of the foreground process group. Returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(DEADLINE_SECONDS)


def still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def demo(data_dir: Path, port: int | None = None) -> Iterator[Demo]:
    running = Demo(data_dir, port or free_port())
    try:
        running.await_all()
        yield running
    finally:
        if running.process.poll() is None:
            running.press_ctrl_c()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the demos of this module keep their data, one after the other."""
    path = tmp_path_factory.mktemp("d")
    yield path
    EmbeddedPostgres(path).stop()


def test_it_shows_how_to_use_it_and_ctrl_c_leaves_nothing_running(data_dir: Path) -> None:
    with demo(data_dir) as first:
        assert first.shown("Site") == f"{first.address}/"
        assert first.shown("API") == f"{first.address}/api/leads"
        assert first.shown("Admin login") == "demo@leadsite.example"
        answer = first.post_lead()
        started = first.everything()

        assert first.press_ctrl_c() == 0

    assert answer.status_code == 201
    assert {"lead_id", "conversation_id"} <= answer.json().keys()
    assert still_there(started) == []


def test_it_starts_again_with_the_same_key_password_and_data(data_dir: Path) -> None:
    with demo(data_dir) as first:
        answer = first.post_lead().json()
        leads = stored_leads(data_dir)
        banner = [first.shown("API key"), first.shown("Password"), first.shown("Admin login")]

    with demo(data_dir) as second:
        assert [second.shown("API key"), second.shown("Password"), second.shown("Admin login")] == banner
        assert stored_leads(data_dir) == leads
        assert leads[answer["lead_id"]] == answer["conversation_id"]
        key = {"Authorization": f"Bearer {second.shown('API key')}"}
        assert request("GET", f"{second.address}/api/leads/{answer['lead_id']}", headers=key).status_code == 200


def stored_leads(data_dir: Path) -> dict[str, str]:
    with psycopg.connect(database_url(data_dir)) as session:
        return dict(session.execute("SELECT id::text, conversation_id::text FROM leads").fetchall())


def test_what_is_killed_comes_back_by_itself_and_still_stops_by_ctrl_c(data_dir: Path) -> None:
    with demo(data_dir) as running:
        web = running.web()
        os.killpg(web.pid, signal.SIGKILL)
        until(lambda: not still_there([web]) and running.takes_leads(), running.output)
        running.await_all()

        database = running.database()
        database.kill()
        until(lambda: not still_there([database]) and running.takes_leads(), running.output)
        started = running.everything()

        assert running.press_ctrl_c() == 0, running.output()

    assert still_there(started) == []


def test_the_web_server_does_not_outlive_a_killed_demo_and_the_next_demo_takes_over(data_dir: Path) -> None:
    with demo(data_dir) as killed:
        started = killed.everything()
        web = [killed.web(), *killed.web().children()]
        killed.process.kill()
        killed.process.wait()
        until(lambda: not still_there(web))

    with demo(data_dir) as second:
        assert second.takes_leads()

    assert still_there(started) == []


def test_a_busy_port_ends_it_with_a_sentence_that_names_port(data_dir: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]

        ended = manage("demo", env=environment(data_dir, LEADSITE_DEMO="true", PORT=str(port)))

    assert ended.returncode == 1
    assert f"Port {port} cannot be used" in ended.stderr
    assert "PORT=" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not EmbeddedPostgres(data_dir).is_running()


def test_database_url_beside_a_demo_is_that_of_the_demo(data_dir: Path) -> None:
    with demo(data_dir) as running:
        printed = manage("database_url", env=environment(data_dir))

        with psycopg.connect(printed.stdout.strip()) as session:
            row = session.execute("SELECT count(*) FROM users WHERE email = %s", [running.shown("Admin login")])
            assert row.fetchone() == (1,)


CHECK = ["manage.py", "check"]
WSGI = ["-c", "import leadsite.wsgi"]
WEB = server_command(0, workers=1)[1:]
SECRET = {"SECRET_KEY": "a secret of an installation", "DATABASE_URL": ""}
NOTHING = {"SECRET_KEY": "", "DATABASE_URL": ""}


@pytest.mark.parametrize(
    ("command", "beside_a_demo", "settings", "missing"),
    [
        (CHECK, False, NOTHING, "SECRET_KEY"),
        (CHECK, False, SECRET, "DATABASE_URL"),
        # A command typed beside a demo is for the demo, unless a setting says otherwise.
        (CHECK, True, SECRET, "DATABASE_URL"),
        (WSGI, True, NOTHING, "SECRET_KEY"),
        (WSGI, True, SECRET, "DATABASE_URL"),
        (WEB, True, NOTHING, "SECRET_KEY"),
        (WEB, True, SECRET, "DATABASE_URL"),
    ],
)
def test_an_installation_without_its_settings_refuses_to_start(
    tmp_path: Path, command: list[str], beside_a_demo: bool, settings: dict[str, str], missing: str
) -> None:
    if beside_a_demo:
        demo_values.ensure(tmp_path)

    ended = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=environment(tmp_path, **settings),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert f"{missing} is not set. Set it to" in ended.stdout + ended.stderr
