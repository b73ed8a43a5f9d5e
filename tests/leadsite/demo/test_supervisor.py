"""The decisions of the demo's supervisor. tests/long/leadsite/demo/test_supervisor_demo.py runs a whole demo."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from leadsite.demo import supervisor as module
from leadsite.demo.embedded import EmbeddedPostgres, EmbeddedPostgresError
from leadsite.demo.supervisor import Child, Supervisor, WebServerBroken
from tests.site import free_port, until


@pytest.fixture
def stopped_database(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.EMBEDDED_POSTGRES = True
    monkeypatch.setattr(EmbeddedPostgres, "is_running", lambda server: False)


@pytest.mark.parametrize("asked_to_stop", [True, False])
def test_a_database_that_does_not_restart_is_an_error_unless_the_demo_is_stopping(
    monkeypatch: pytest.MonkeyPatch, stopped_database: None, asked_to_stop: bool
) -> None:
    """Ctrl-C in a terminal also interrupts the programs that start the database, which then fail."""
    supervisor = Supervisor(port=8000)

    def interrupted(server: EmbeddedPostgres) -> bool:
        if asked_to_stop:
            supervisor._stop(signal.SIGINT, None)
        raise EmbeddedPostgresError("psql was interrupted")

    monkeypatch.setattr(EmbeddedPostgres, "start", interrupted)

    with capture_logs() as lines:
        supervisor._restart_database()

    errors = [] if asked_to_stop else [("database_not_started", "psql was interrupted")]
    assert [(line["event"], line["error"]) for line in lines if "error" in line] == errors


def test_a_database_that_has_no_room_is_started_again_until_it_has(
    monkeypatch: pytest.MonkeyPatch, stopped_database: None
) -> None:
    starts: list[int] = []

    def start(server: EmbeddedPostgres) -> bool:
        starts.append(1)
        if len(starts) < 3:
            raise EmbeddedPostgresError("No space left on device")
        return True

    monkeypatch.setattr(EmbeddedPostgres, "start", start)
    supervisor = Supervisor(port=8000)

    with capture_logs() as lines:
        for _ in range(3):
            supervisor._restart_database()

    assert len(starts) == 3
    assert [line["event"] for line in lines] == ["database_died", "database_not_started"]


@pytest.fixture
def handlers() -> Iterator[None]:
    """Restore this process's signal handlers, which a supervisor replaces."""
    kept = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    yield
    for signum, handler in kept.items():
        signal.signal(signum, handler)


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def sleeper(ready: Path, *, stubborn: bool = False) -> Child:
    """A child that creates the file `ready`; a `stubborn` one ignores SIGTERM."""
    program = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    return Child("sleeper", [sys.executable, "-c", ignoring + program])


def test_a_killed_child_is_restarted_and_stops_on_request(tmp_path: Path) -> None:
    before = children()
    child = sleeper(tmp_path / "ready")
    child.keep_alive()
    (first,) = [process for process in children() if process not in before]
    child.keep_alive()
    assert child.exits == 0

    first.kill()

    def is_back() -> bool:
        child.keep_alive()
        return bool(set(children()) - {*before, first})

    until(is_back)
    assert child.exits == 1
    child.terminate()
    child.wait_for_exit(time.monotonic() + 60)
    assert set(children()) <= set(before)


def test_a_child_that_ignores_sigterm_is_killed_at_the_deadline(tmp_path: Path) -> None:
    before = children()
    child = sleeper(tmp_path / "ready", stubborn=True)
    child.keep_alive()
    until((tmp_path / "ready").exists)

    child.terminate()
    child.wait_for_exit(time.monotonic() + 0.2)

    assert set(children()) <= set(before)


def test_a_child_that_keeps_failing_at_start_is_restarted_after_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child("failing", [sys.executable, "-c", "raise SystemExit(1)"])
    waits = []
    for exits in range(1, 11):

        def has_exited(exits: int = exits) -> bool:
            # Its run was short, however busy the machine is; and when there is none, the pause is over.
            monkeypatch.setattr(child, "_started_at", time.monotonic() if child._process else -1000.0)
            child.keep_alive()
            return child.exits == exits

        until(has_exited)
        waits.append(child._delay())

    assert waits == [0, 0, 0, 0.5, 1, 2, 4, 8, 10, 10]


def test_a_web_server_that_does_not_start_ends_the_demo(
    handlers: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.EMBEDDED_POSTGRES = False
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(module, "MAX_DELAY_SECONDS", 0.01)
    before = children()
    supervisor = Supervisor(port=free_port())
    supervisor._web = [Child("web_server", [sys.executable, "-c", "raise SystemExit(1)"])]
    supervisor._worker = Child("worker", [sys.executable, "-c", "import time; time.sleep(600)"])

    with pytest.raises(WebServerBroken):
        supervisor.run(on_ready=pytest.fail)

    assert supervisor._web[0].exits == module.MAX_STARTS_WITHOUT_ANSWER
    assert set(children()) <= set(before)
