"""The programs of the embedded PostgreSQL."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.leadsite.demo.embedded.servers import (
    cleaned_up,
)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """A data directory for a first start."""
    with cleaned_up(tmp_path / "d") as path:
        yield path


def test_the_error_without_the_package_says_what_to_do(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [])
        with pytest.raises(EmbeddedPostgresError, match=r"requirements\.txt"):
            EmbeddedPostgres(empty).is_running()
