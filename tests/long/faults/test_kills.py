"""Processes of the site that are killed by SIGKILL under load."""

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.long.faults.cases import Fault
from tests.long.faults.stage import Stage
from tests.long.faults.table import Result
from tests.site import workers_of


def web_master(stage: Stage) -> int:
    return stage.demo.child("granian").pid


def web_worker(stage: Stage) -> int:
    return random.choice(sorted(workers_of(web_master(stage))))


def worker(stage: Stage) -> int:
    return stage.demo.child("worker").pid


def backend(stage: Stage) -> int:
    """PostgreSQL then ends all sessions and recovers, because the process may have damaged the shared memory."""
    return stage.backends()[0]


def postmaster(stage: Stage) -> int:
    return stage.database().pid


def import_command(stage: Stage) -> int:
    """The load starts it again with --resume."""
    assert stage.import_process is not None
    return stage.import_process.pid


def killed(process: Callable[[Stage], int]) -> Fault:
    def fault(stage: Stage) -> None:
        with suppress(ProcessLookupError):  # the import may have ended
            os.kill(process(stage), signal.SIGKILL)

    return fault


PROCESSES = [web_master, web_worker, worker, backend, postmaster, import_command]


@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_is_lost_when_a_process_is_killed(hold: Callable[..., Result], process: Callable[[Stage], int]) -> None:
    hold(f"kill {process.__name__}", killed(process))
