"""Processes of the site that are killed by SIGKILL under load."""

import random
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil
import pytest

from tests.leadsite.demo.demo_process import still_there
from tests.long.faults.cases import Fault, Promise
from tests.long.faults.stage import Stage
from tests.long.faults.table import Result
from tests.site import until, workers_of

Processes = Iterable[psutil.Process]


def web_master(stage: Stage) -> Processes:
    """The program of one web server. Its process goes on for a moment, and is killed by the supervisor."""
    return [random.choice(stage.demo.children("granian"))]


def web_worker(stage: Stage) -> Processes:
    return [psutil.Process(random.choice(stage.demo.web_processes()))]


def all_of_the_web(stage: Stage) -> Processes:
    return with_children(stage.demo.children("granian"))


def worker(stage: Stage) -> Processes:
    return [stage.demo.child("worker")]


def backend(stage: Stage) -> Processes:
    """PostgreSQL then ends all sessions and recovers, because the process may have damaged the shared memory."""
    return [psutil.Process(stage.backends()[0])]


def postmaster(stage: Stage) -> Processes:
    return [stage.database()]


def import_command(stage: Stage) -> Processes:
    """The load starts it again with --resume."""
    assert stage.import_process is not None
    with suppress(psutil.NoSuchProcess):  # it may have ended
        return [psutil.Process(stage.import_process.pid)]
    return []


def with_children(processes: Processes) -> list[psutil.Process]:
    return [one for process in processes for one in (process, *process.children(recursive=True))]


def kill(stage: Stage, processes: Processes) -> None:
    """Kill them, and wait until the processes that they have started are gone, too: what answers then is new."""
    families = with_children(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: not still_there(families), stage.log)


def killed(choose: Callable[[Stage], Processes]) -> Fault:
    return lambda stage: kill(stage, choose(stage))


def web_worker_twice(stage: Stage) -> None:
    """A web server whose process dies twice within 5.5 s ends, and is started again by the supervisor."""
    master = random.choice(stage.demo.children("granian"))
    (first,) = workers_of(master.pid)
    kill(stage, [psutil.Process(first)])
    (second,) = until(lambda: [one for one in master.children() if one.pid != first], stage.log)
    kill(stage, [second])


@pytest.mark.parametrize(
    "choose", [web_master, web_worker, all_of_the_web, worker, backend, postmaster, import_command]
)
def test_nothing_is_lost_when_a_process_is_killed(
    hold: Callable[..., Result], choose: Callable[[Stage], Processes]
) -> None:
    hold(f"kill {choose.__name__.replace('_', ' ')}", killed(choose), Promise(from_start=True))


def test_a_web_process_that_dies_twice(hold: Callable[..., Result]) -> None:
    hold("kill web worker twice", web_worker_twice, Promise(ready=True))
