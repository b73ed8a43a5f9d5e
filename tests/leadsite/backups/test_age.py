"""/metrics says how old the newest backup is."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from leadsite.core import clock
from tests.leadsite.monitoring.scraped import read, value

pytestmark = pytest.mark.django_db
NAME = "leadsite_backup_age_seconds"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "backups"


def make(folder: Path, at: datetime) -> Path:
    made = folder / f"leadsite-{at:%Y%m%dT%H%M%SZ}"
    made.mkdir(parents=True)
    (made / "manifest.json").touch()
    return made


def test_it_is_that_of_the_newest_complete_one(folder: Path, client: Client) -> None:
    now = clock.now()
    for hours in (72, 30):
        make(folder, now - timedelta(hours=hours))
    (make(folder, now - timedelta(hours=5)) / "manifest.json").unlink()
    (folder / "notes.txt").touch()
    assert value(read(client), NAME) == pytest.approx(30 * 3600, abs=60)


def test_one_from_later_than_now_is_none(folder: Path, client: Client) -> None:
    """The clock went back: it would never become old."""
    now = clock.now()
    make(folder, now - timedelta(hours=40))
    make(folder, now + timedelta(days=300))
    assert value(read(client), NAME) == pytest.approx(40 * 3600, abs=60)


def test_where_none_was_made_there_is_no_such_value(folder: Path, client: Client) -> None:
    assert NAME not in read(client)
    folder.mkdir()
    assert NAME not in read(client)


def test_a_folder_that_cannot_be_read_does_not_stop_the_page(folder: Path, client: Client) -> None:
    folder.touch()
    families = read(client)
    assert NAME not in families
    assert value(families, "leadsite_database_up") == 1
