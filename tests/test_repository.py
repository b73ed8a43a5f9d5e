"""What a visitor of the repository trusts: one version, dated changes, pictures that are used, blocks that are run."""

import json
import re
import runpy
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from leadsite import VERSION
from tests.blocks import blocks

ROOT = Path(settings.BASE_DIR)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_there_is_one_version_number() -> None:
    released = re.findall(r"^## (\d+\.\d+\.\d+) ", text_of("CHANGELOG.md"), re.MULTILINE)
    label = re.search(r"image\.version=(\S+)", text_of("Dockerfile"))
    assert label
    places = {
        "CHANGELOG.md": released[0],
        "Dockerfile": label[1],
        "docs/openapi.yaml": yaml.safe_load(text_of("docs/openapi.yaml").split("description:")[0])["info"]["version"],
        "leadsite/rest/openapi.json": json.loads(text_of("leadsite/rest/openapi.json"))["info"]["version"],
        "pyproject.toml": tomllib.loads(text_of("pyproject.toml"))["project"]["version"],
    }
    assert places == dict.fromkeys(places, VERSION)


def test_versions_have_dates_newest_first() -> None:
    heads = re.findall(r"^## (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == "Unreleased"
    found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d{2}-\d{2})\)", head) for head in heads[1:]]
    assert len(found) >= 2
    assert all(found), heads
    order = [(tuple(map(int, one.groups()[:3])), date.fromisoformat(one[4])) for one in found if one]
    assert order == sorted(order, reverse=True)


def test_no_picture_is_unused_or_missing() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {name for path in documents for name in re.findall(r"images/([\w-]+\.png)", path.read_text("utf-8"))}
    assert named == {path.name for path in (ROOT / "docs/images").iterdir()}


def test_blocks_that_no_test_runs_say_why() -> None:
    """And the others are few enough words to be found: see tests/blocks.py."""
    found = blocks(ROOT / "docs/operations.md")
    assert [block.text for block in found if block.text.startswith("<!--")] == []
    assert all(len(block.reason) > 10 for block in found if block.reason)
    assert len([block for block in found if block.text.startswith("sudo") and not block.reason]) >= 5


def test_windows_is_told_to_use_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="On Windows, use WSL"):
        runpy.run_path(str(ROOT / "leadsite/__init__.py"))
