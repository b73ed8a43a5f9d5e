"""Two collections find the same tests under the same names: pytest-xdist runs nothing at all when they do not."""

import os
import subprocess
import sys

import pytest

from tests.site import REPOSITORY


def collected_elsewhere() -> list[str]:
    """The ids of all tests, from a process with another order of hashes and at a later time than this one."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=kept | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [line for line in ended.stdout.splitlines() if "::" in line]


def module_of(id_: str) -> str:
    return id_.partition("::")[0]


def test_ids_and_their_order_are_the_same_in_two_collections(request: pytest.FixtureRequest) -> None:
    here = [item.nodeid for item in request.session.items]
    mine = set(here)
    # The order of the modules is the command line's; `sorted` leaves that within a module as it is.
    assert sorted((id_ for id_ in collected_elsewhere() if id_ in mine), key=module_of) == sorted(here, key=module_of)


def test_ids_are_each_ones_own(request: pytest.FixtureRequest) -> None:
    here = [item.nodeid for item in request.session.items]
    assert len(here) == len(set(here))
