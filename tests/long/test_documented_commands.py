"""The blocks of commands of README and docs, run as they are typed, beside a demo.

Those of docs/operations.md are run by test_install.py; a block that cannot be run says why in a comment before it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres
from tests.blocks import Block, blocks, commands
from tests.leadsite.demo.demo_process import Demo, demo
from tests.site import REPOSITORY, environment, manage

ELSEWHERE = {"operations.md": "tests/long/test_install.py"}
RUN = {path.name: found for path, found in commands(REPOSITORY).items() if path.name not in ELSEWHERE}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """What `make run` starts."""
    folder = tmp_path_factory.mktemp("d")
    with demo(folder) as started:
        manage("create_business", "--email=owner@example.com", env=environment(folder))
        yield started
    EmbeddedPostgres(folder).stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory in which commands may write, and find a file of leads."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "manage.py").symlink_to(REPOSITORY / "manage.py")
    (tmp_path / "old.csv").write_text("phone,name,type\n+4915112345671,Amina,order\n+4915112345672,Bruno,inquiry\n")
    return tmp_path


def typed(found: list[Block], site: Demo, folder: Path) -> list[str]:
    """Run blocks in one shell; return what each prints."""
    mark = "-- the next block --"
    text = f"\necho; echo '{mark}'\n".join(block.text for block in found if not block.reason)
    text = text.replace("http://127.0.0.1:8000", site.address).replace("ls_…", site.shown("API key"))
    port = {"PORT": site.address.rpartition(":")[2]}
    env = environment(site.data_dir, **port)
    run = subprocess.run(["sh", "-eu", "-c", text], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, text + run.stdout + run.stderr
    return run.stdout.split(mark)


@pytest.mark.parametrize("name", [name for name, found in RUN.items() if any(not block.reason for block in found)])
def test_the_commands_work_as_they_are_typed(name: str, running: Demo, folder: Path) -> None:
    printed = typed(RUN[name], running, folder)
    assert len(printed) == len([block for block in RUN[name] if not block.reason])


def test_the_answers_in_the_readme_are_those_of_the_site(running: Demo, folder: Path) -> None:
    path = REPOSITORY / "README.md"
    printed = dict(
        zip(
            [block.line for block in RUN[path.name] if not block.reason],
            typed(RUN[path.name], running, folder),
            strict=True,
        )
    )
    shown, compared = blocks(path), 0
    for block, answer in pairwise(shown):
        if block.line in printed and re.match(r"\d{3} \{", answer.text):
            keys = re.findall(r'"(\w+)":', answer.text)
            assert list(json.loads(printed[block.line])) == keys
            compared += 1
    assert compared == 2


def test_every_document_with_commands_is_run_or_says_why() -> None:
    assert {"README.md", "importing.md", "whatsapp.md"} <= RUN.keys()
    assert len([block for found in RUN.values() for block in found if not block.reason]) >= 6
