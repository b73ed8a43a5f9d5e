"""Two collections find the same tests with the same ids; otherwise pytest-xdist runs none."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.site import REPOSITORY


def collected(seed: str) -> list[str]:
    """The ids of all tests, from a separate process with this hash seed."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=kept | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [line for line in ended.stdout.splitlines() if "::" in line]


def test_ids_and_their_order_are_the_same_in_two_collections() -> None:
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(collected, "12")
    assert first == second
    assert len(first) == len(set(first)) > 1000
