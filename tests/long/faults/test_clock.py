"""The clock of one process, an hour ahead or behind, under load. Needs libfaketime (Debian: package faketime)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from leadsite.demo.embedded.programs import ENVIRONMENT
from leadsite.demo.supervisor import HOST, server_command
from tests.long.faults.cases import Promise
from tests.long.faults.stage import Stage
from tests.long.faults.table import Result
from tests.long.faults.test_sending import sent_once
from tests.site import REPOSITORY, free_port, request, until

LIBRARY = next(Path("/usr/lib").glob("**/libfaketimeMT.so.1"), None)
SECONDS = 6
HOUR = 3600

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")


def moved(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is wrong by so much; what counts seconds since its start is right."""
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"{seconds:+}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@contextmanager
def program(stage: Stage, command: list[str], seconds: int) -> Iterator[None]:
    """A program of the site with a wrong clock."""
    with (stage.data_dir / "moved.log").open("ab") as log:
        environment = stage.environment | moved(seconds)
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    try:
        return request("GET", f"{address}/readyz").status_code == 200
    except OSError:
        return False


def web(stage: Stage, seconds: int) -> None:
    """All clients use a web server with a wrong clock for some seconds."""
    usual, port = stage.address, free_port()
    with program(stage, server_command(port, workers=1), seconds):
        until(lambda: answers(f"http://{HOST}:{port}"), stage.log)
        stage.address = f"http://{HOST}:{port}"
        time.sleep(SECONDS)
        stage.address = usual
        time.sleep(1)  # requests that are under way


def worker(stage: Stage, seconds: int) -> None:
    """Only a worker with a wrong clock works."""
    usual = stage.demo.child("worker")
    usual.suspend()
    try:
        with program(stage, [sys.executable, "manage.py", "worker"], seconds):
            before = len(stage.graph.ledger)
            until(lambda: len(stage.graph.ledger) > before + 20, stage.log)
    finally:
        usual.resume()


def database(stage: Stage, seconds: int) -> None:
    """The database's clock jumps, and jumps back after some seconds. The server is restarted for that."""
    restart(stage, moved(seconds))
    time.sleep(SECONDS)
    restart(stage, {})


def restart(stage: Stage, variables: dict[str, str]) -> None:
    supervisor = stage.demo.process.pid
    os.kill(supervisor, signal.SIGSTOP)
    try:
        stage.server.stop()
        with patch.dict(ENVIRONMENT, variables):
            stage.server.start()
    finally:
        os.kill(supervisor, signal.SIGCONT)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "behind"])
@pytest.mark.parametrize("whose", [web, worker, database])
def test_a_clock_that_is_wrong(
    site: Stage, hold: Callable[..., Result], whose: Callable[[Stage, int], None], seconds: int
) -> None:
    def fault(stage: Stage) -> None:
        whose(stage, seconds)

    name = f"clock of {whose.__name__} {seconds // HOUR:+} h"
    result = hold(name, fault, Promise(imports=False))
    sent_once(site, result)
