"""Folders of backups: complete or not there, damaged ones refused, old ones deleted."""

import shutil
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadsite.backups.archive import (
    RESERVE_BYTES,
    BackupDamaged,
    ClockWentBack,
    Manifest,
    NoRoom,
    backups_in,
    check_room,
    contents_of,
    new_backup,
    read_manifest,
    remove_old,
    verify_files,
)

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def make(folder: Path, at: datetime = NOON) -> Path:
    with new_backup(folder, at) as (written, final):
        (written / "database.dump").write_bytes(b"rows")
        Manifest(
            created_at=at.isoformat(),
            version="1.2.3",
            server=18,
            database="leadsite",
            migrations={"leads": ["0001_initial"]},
            rows={"leads": 3},
            media_files=0,
            media_elsewhere=False,
            files={"database.dump": contents_of(written / "database.dump")},
            keys={"0123456789abcdef": 2},
            secret_key="fedcba9876543210",
        ).write(written)
    return final


def test_a_backup_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = make(tmp_path / "backups")
    manifest = read_manifest(made)
    verify_files(made, manifest)
    assert (made.name, manifest.rows, manifest.keys) == (
        "leadsite-20261129T120000Z",
        {"leads": 3},
        {"0123456789abcdef": 2},
    )
    assert made.stat().st_mode & 0o077 == 0


def test_one_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with new_backup(tmp_path, NOON) as (written, _):
            (written / "database.dump").write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda made: (made / "manifest.json").unlink(), "is no backup: it has no manifest.json"),
        (lambda made: (made / "manifest.json").write_text('{"format": 1}'), "is damaged, or of another program"),
        (lambda made: (made / "manifest.json").write_text("{"), "is damaged, or of another program"),
        (lambda made: (made / "manifest.json").write_text('{"format": 9, "version": "9.0"}'), "a newer leadsite .9.0."),
        (lambda made: (made / "database.dump").write_bytes(b"rows?"), "is not as it was written"),
        (lambda made: (made / "database.dump").unlink(), "database.dump is missing"),
    ],
)
def test_a_damaged_one_is_refused_in_words(tmp_path: Path, change, sentence: str) -> None:
    made = make(tmp_path)
    change(made)
    with pytest.raises(BackupDamaged, match=sentence):
        verify_files(made, read_manifest(made))


def test_the_newest_are_kept_and_what_is_no_backup_stays(tmp_path: Path) -> None:
    made = [make(tmp_path) for _ in range(4)]
    (tmp_path / "notes.txt").touch()
    assert [path.name for path in made[:2]] == ["leadsite-20261129T120000Z", "leadsite-20261129T120000Z-2"]
    assert remove_old(tmp_path, keep=3, made=made[3], now=NOON) == made[:1]
    assert backups_in(tmp_path) == made[1:]
    assert (tmp_path / "notes.txt").exists()


def test_the_one_just_made_is_kept_where_another_has_begun_later_and_ended_before(tmp_path: Path) -> None:
    mine, former, other = make(tmp_path), make(tmp_path, NOON - DAY), make(tmp_path, NOON + MINUTE)
    assert remove_old(tmp_path, keep=1, made=mine, now=NOON + 2 * MINUTE) == [former]
    assert backups_in(tmp_path) == [mine, other]


@pytest.mark.parametrize(("folder", "is_refused"), [("there", True), ("new", False)])
def test_as_much_room_is_left_as_the_newest_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, is_refused: bool
) -> None:
    """Where there is none yet, only what is left to the database is known."""
    make(tmp_path / "there")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=RESERVE_BYTES))
    with pytest.raises(NoRoom) if is_refused else nullcontext():
        check_room(tmp_path / folder)
    assert not (tmp_path / "new").exists()


def test_none_is_deleted_after_the_clock_went_back(tmp_path: Path) -> None:
    made = [make(tmp_path, NOON + days * DAY) for days in range(3)]
    tonight = make(tmp_path, NOON - DAY)
    with pytest.raises(ClockWentBack, match="leadsite-20261201T120000Z is newer than the present time"):
        remove_old(tmp_path, keep=3, made=tonight, now=NOON - DAY)
    assert backups_in(tmp_path) == [tonight, *made]
