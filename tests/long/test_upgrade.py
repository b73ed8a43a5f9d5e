"""The blocks of docs/operations.md for an upgrade and the way back, with releases of a few lines each.

tests/long/test_install.py follows them on a site that runs.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.blocks import section
from tests.site import REPOSITORY

FOLDERS = ("leadsite", "leads", "conversations", "whatsapp", "deploy/systemd")
# The web server, as systemctl says it.
STARTED = "Mon 2026-06-01 12:00:00 UTC"
FILES = ("manage.py", "pyproject.toml", "requirements.txt", ".env.example")
BLOCKS = [block.text for block in section(REPOSITORY / "docs/operations.md", "On one machine")]
UPGRADE, BACK = [text for text in BLOCKS if "deploy/upgrade" in text]


class Machine:
    """A folder in place of a machine on which the first release runs. What `failing` names fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed = folder / "opt/leadsite"
        self.failing = self.said = ""
        for place in ("bin", "etc/systemd/system", "opt/leadsite/.venv/bin"):
            (folder / place).mkdir(parents=True)
        programs = [folder / "bin/systemctl", *(self.installed / f".venv/bin/{name}" for name in ("python", "pip"))]
        for path in (folder / "bin/sudo", *programs):
            path.write_text('#!/bin/sh\n[ "$1" != -u ] || shift 2\nexec "$@"\n')
            path.chmod(0o755)
        for path in programs:
            asked = f'[ "$1" != show ] || exec echo "{STARTED}"'
            failing = 'case $* in *"$FAILING"*) [ -z "$FAILING" ] ;; esac'
            path.write_text(f'#!/bin/sh\n{asked}\necho "$(basename $0) $*" >> "$LOG"\n{failing}\n')
        self.release("first", self.installed)

    def here(self, text: str) -> str:
        return text.replace("/opt/", f"{self.folder}/opt/").replace("/etc/", f"{self.folder}/etc/")

    def release(self, name: str, folder: Path) -> Path:
        """A repository whose files are of this release; each has a module that no other one has."""
        for place in FOLDERS:
            (folder / place).mkdir(parents=True, exist_ok=True)
        for file in (
            *FILES,
            "leads/apps.py",
            f"leads/{name}.py",
            "deploy/systemd/a.service",
            "deploy/systemd/a.timer",
        ):
            (folder / file).write_text(name)
        script = folder / "deploy/upgrade"
        script.write_text(self.here((REPOSITORY / "deploy/upgrade").read_text()))
        script.chmod(0o755)
        return folder

    def follow(self, *blocks: str, release: Path) -> tuple[int, list[str]]:
        """The exit code of the last block, all copied into one shell, and what was run."""
        log = self.folder / "log"
        log.write_text("")
        env = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "LOG": str(log), "FAILING": self.failing}
        text = "\n".join(map(self.here, blocks))
        run = subprocess.run(["sh", "-c", text], cwd=release, env=env, capture_output=True, text=True, check=False)
        self.said = run.stdout + run.stderr
        return run.returncode, log.read_text().splitlines()

    @property
    def running(self) -> str:
        """The one release of which all of the installed code is."""
        (module,) = {path.stem for path in (self.installed / "leads").iterdir()} - {"apps"}
        files = [*FILES, "leads/apps.py", "deploy/systemd/a.timer"]
        assert {(self.installed / file).read_text() for file in files} == {module}
        assert (self.folder / "etc/systemd/system/a.service").read_text() == module
        return module


@pytest.fixture
def made(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def second(made: Machine) -> Path:
    return made.release("second", made.folder / "home/second")


@pytest.mark.parametrize(
    "step", ["install", "compileall", "collectstatic", "daemon-reload", "leadsite-migrate", "leadsite-worker"]
)
def test_back_from_an_upgrade_that_failed_twice_is_the_release_before(made: Machine, second: Path, step: str) -> None:
    made.failing = step
    assert made.follow(UPGRADE, UPGRADE, release=second)[0] != 0
    made.failing = ""
    assert made.follow(BACK, release=second)[0] == 0
    assert made.running == "first"


def test_an_upgrade_that_is_repeated_copies_the_corrected_code(made: Machine, second: Path) -> None:
    made.failing = "leadsite-migrate"
    correct = f"echo corrected > {second}/leads/tasks.py"
    assert made.follow(UPGRADE, correct, UPGRADE, release=second)[0] != 0
    assert (made.installed / "leads/tasks.py").read_text() == "corrected\n"


def test_back_is_one_release_after_one_that_was_completed(made: Machine, second: Path) -> None:
    made.failing = "leadsite-migrate"
    assert made.follow(UPGRADE, release=second)[0] != 0
    made.failing = ""
    assert made.follow(UPGRADE, release=second)[0] == 0
    assert made.running == "second"
    third = made.release("third", made.folder / "home/third")
    assert made.follow(UPGRADE, release=third)[0] == 0
    assert made.running == "third"
    assert made.follow(BACK, release=third)[0] == 0
    assert made.running == "second"


def test_nothing_is_replaced_before_there_is_a_backup(made: Machine, second: Path) -> None:
    made.failing = "leadsite-backup"
    code, run = made.follow(UPGRADE, release=second)
    assert (code != 0, run) == (True, ["systemctl start leadsite-backup"])
    assert (made.installed / "manage.py").read_text() == "first"
    assert made.follow(BACK, release=second)[0] != 0, "There is none to go back to."
    assert (made.installed / "manage.py").read_text() == "first"


def test_the_second_machine_of_a_cluster_makes_no_backup_and_migrates_nothing(made: Machine, second: Path) -> None:
    code, run = made.follow(f"{UPGRADE} --without-migration", release=second)
    assert (code, made.running) == (0, "second")
    assert [line for line in run if "backup" in line or "migrate" in line] == []
    assert [line for line in run if line.startswith("systemctl")] == [
        "systemctl daemon-reload",
        "systemctl reload leadsite-web",
        "systemctl restart leadsite-worker",
    ]


def test_what_a_reload_of_the_web_server_does_not_read_is_said(made: Machine, second: Path) -> None:
    unit = made.folder / "etc/systemd/system/leadsite-web.service"
    for folder in (made.installed / "deploy/systemd", second / "deploy/systemd", unit.parent):
        (folder / "leadsite-web.service").write_text("[Service]\nExecStart=granian --workers=2\n")
    settings = made.folder / "etc/leadsite/web.env"
    settings.parent.mkdir()
    settings.touch()
    for file in (unit, settings):
        os.utime(file, (0, 0))
    assert made.follow(UPGRADE, release=second)[0] == 0
    assert made.said == ""
    (second / "deploy/systemd/leadsite-web.service").write_text("[Service]\nExecStart=granian --workers=4\n")
    assert made.follow(UPGRADE, UPGRADE, release=second)[0] == 0
    assert made.said.count(str(unit)) == made.said.count("sudo systemctl restart leadsite-web") == 2
    os.utime(unit, (0, 0))
    settings.touch()
    assert made.follow(UPGRADE, release=second)[0] == 0
    assert [str(path) for path in (unit, settings) if str(path) in made.said] == [str(settings)]


def test_a_changed_start_line_of_a_cluster_leaves_its_settings_as_they_are(made: Machine) -> None:
    cluster = [block.text for block in section(REPOSITORY / "docs/operations.md", "More than one machine")]
    (again,) = [text for text in cluster if "cluster.conf" in text]
    settings = made.folder / "etc/leadsite/web.env"
    settings.parent.mkdir()
    settings.write_text("DATABASE_REPLICA_URL=postgresql://a replica\n")
    unit = made.installed / "deploy/systemd/leadsite-web.service"
    unit.write_bytes((REPOSITORY / "deploy/systemd/leadsite-web.service").read_bytes())
    made.follow(again, release=made.installed)
    assert settings.read_text() == "DATABASE_REPLICA_URL=postgresql://a replica\n"
    written = (made.folder / "etc/systemd/system/leadsite-web.service.d/cluster.conf").read_text()
    assert "EnvironmentFile=/etc/leadsite/web.env" in written.replace(str(made.folder), "")
    assert "--host=10.0.0.21 --port=8001 --workers=" in written
