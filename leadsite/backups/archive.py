"""A backup is a folder: database.dump, media.tar and manifest.json, which says what is in them.

It is written below another name and renamed when it is complete, so that a folder with the name of a backup is one.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

FORMAT: Final = 2
DUMP: Final = "database.dump"
MEDIA: Final = "media.tar"
MANIFEST: Final = "manifest.json"
TIME: Final = "leadsite-%Y%m%dT%H%M%SZ"
NAME: Final = re.compile(r"leadsite-\d{8}T\d{6}Z(?:-\d+)?")
RESERVE_BYTES: Final = 1_000_000_000
_UNFINISHED: Final = ".unfinished-"
_UNFINISHED_SECONDS: Final = 24 * 3600


class BackupDamaged(Exception):
    """This is no backup, or not what its manifest says."""


class NoRoom(Exception):
    """A backup could fill the disk."""


class ClockWentBack(Exception):
    """There are backups from later than now: which are the oldest, cannot be known."""


@dataclass(frozen=True)
class Contents:
    """A file of the backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    created_at: str  # ISO 8601, UTC
    version: str  # of leadsite
    server: int  # PostgreSQL's major version
    database: str
    migrations: dict[str, list[str]]  # by app
    rows: dict[str, int]  # by table
    media_files: int
    media_elsewhere: bool  # in a bucket, which has its own versions or copies
    files: dict[str, Contents]
    # Fingerprints of FIELD_ENCRYPTION_KEYS, with how many stored secrets each has encrypted; the keys are elsewhere.
    keys: dict[str, int]
    secret_key: str  # the fingerprint of SECRET_KEY: marks of erased people need it
    digests: dict[str, str] = field(default_factory=dict)  # of the migrations; 0.2.0 noted none
    format: int = field(default=FORMAT)

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupDamaged."""
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if stored["format"] > FORMAT:
            raise BackupDamaged(f"{folder} was made by a newer leadsite ({stored['version']}). Restore it with that.")
        files = {name: Contents(**contents) for name, contents in stored.pop("files").items()}
        return Manifest(**stored, files=files)
    except FileNotFoundError as error:
        raise BackupDamaged(f"{folder} is no backup: it has no {MANIFEST}.") from error
    except NotADirectoryError as error:
        raise BackupDamaged(f"{folder} is a file; a backup is the folder that `manage.py backup` has made.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupDamaged(f"{folder / MANIFEST} is damaged, or of another program: {error}.") from error


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Raises BackupDamaged where a file is not as it was written."""
    for name, contents in manifest.files.items():
        if not (folder / name).is_file():
            raise BackupDamaged(f"{folder / name} is missing.")
        if contents_of(folder / name) != contents:
            raise BackupDamaged(f"{folder / name} is not as it was written: take another copy of this backup.")


def contents_of(path: Path) -> Contents:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Contents(bytes=path.stat().st_size, sha256=digest)


def check_room(folder: Path) -> None:
    """Raises NoRoom where a backup as large as the newest one there would leave too little of the disk, on which the
    database may be: PostgreSQL stops where it cannot write.
    """
    newest = backups_in(folder)[-1:] if folder.is_dir() else []
    needed = sum(path.stat().st_size for backup in newest for path in backup.iterdir())
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    if free < needed + RESERVE_BYTES:
        raise NoRoom(
            f"{folder} has {free / 1_000_000:.1f} MB of room, and a backup takes about {needed / 1_000_000:.1f} MB,"
            f" beside {RESERVE_BYTES // 1_000_000} MB that are left to the database: make room, or choose a --folder on"
            " another disk."
        )


@contextmanager
def new_backup(folder: Path, now: datetime) -> Iterator[tuple[Path, Path]]:
    """Yield where to write, and the path at which a backup is when the block ends without an exception."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = name_at(now)
    written = folder / f"{_UNFINISHED}{name}-{os.getpid()}"
    written.mkdir(mode=0o700)
    final = folder / name
    number = 1
    while final.exists():
        number += 1
        final = folder / f"{name}-{number}"
    try:
        yield written, final
        for path in (*written.iterdir(), written):
            _flush(path)
        written.rename(final)
        _flush(folder)
    except BaseException:
        shutil.rmtree(written, ignore_errors=True)
        raise


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def name_at(moment: datetime) -> str:
    return moment.strftime(TIME)


def default_folder() -> Path:
    return Path(settings.DATA_DIR) / "backups"


def backups_in(folder: Path) -> list[Path]:
    """Complete backups, the oldest first."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file())


def remove_old(folder: Path, *, keep: int, made: Path, now: datetime) -> list[Path]:
    """Delete all but the newest backups and the one just made, and what killed processes have left. Return the deleted
    backups. Raises ClockWentBack; then nothing is deleted.
    """
    found = backups_in(folder)
    present = name_at(now)
    if later := [path for path in found if path.name[: len(present)] > present]:
        raise ClockWentBack(
            f"{later[-1]} is newer than the present time ({now:%Y-%m-%d %H:%M} UTC), so none of the old backups was"
            " deleted. Set the clock right, or move away what has a wrong time in its name."
        )
    old = [path for path in found[:-keep] if path != made]
    for path in old:
        # First it loses its name, so that a killed process leaves no half of a backup.
        gone = path.rename(folder / f"{_UNFINISHED}{path.name}-old")
        shutil.rmtree(gone)
    for path in folder.glob(f"{_UNFINISHED}*"):
        if path.stat().st_mtime < now.timestamp() - _UNFINISHED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
    return old
