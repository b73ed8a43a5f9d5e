"""What the self-check looks for in the storage of files: rows without bytes, and bytes without a row.

Names are compared by business: one listing of its folder, and its rows in ranges of ids.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.files.storage import Storage, storages

from leadsite.core.statements import fetch_rows

ROW_WITHOUT_BYTES: Final = "media_row_without_bytes"
BYTES_WITHOUT_ROW: Final = "media_bytes_without_row"
STORAGE_AWAY: Final = (
    "storage of files that does not answer",
    "See its error in the log, and the settings LEADSITE_DATA_DIR and MEDIA_S3_….",
)
# Bytes are stored before their row, and deleted before it: what is younger may be at work.
AGE: Final = timedelta(hours=25)
_RANGE: Final = 5000
_FIRST: Final = UUID(int=0)
_NAMES: Final = """
    SELECT id, name, thumbnail_name FROM stored_media WHERE user_id = %s AND id > %s ORDER BY id LIMIT %s
"""
_OWNERS: Final = "SELECT DISTINCT user_id::text FROM stored_media WHERE name <> ''"


class MediaFinding(NamedTuple):
    """`examples`: ids of rows, or names of files."""

    check: str
    meaning: str
    advice: str
    owner: str
    examples: list[str]


def media_findings(now: datetime) -> Iterator[MediaFinding]:
    """Yield what is wrong, for each business. Raises django.db.Error, and what the storage raises."""
    storage = storages["media"]
    owners = {owner for (owner,) in fetch_rows(_OWNERS)}
    for owner in sorted(owners | set(_listed(storage, "")[0])):
        # The listing first: a file that is stored meanwhile is in neither.
        names = {f"{owner}/{name}" for name in _listed(storage, owner)[1]}
        missing, unnamed = _compared(owner, names, storage)
        old = [name for name in sorted(unnamed) if _is_old(storage, name, now)]
        if missing:
            advice = "Restore the folder or bucket of media from a backup; the messages stay without these files."
            yield MediaFinding(ROW_WITHOUT_BYTES, "files of messages without their bytes", advice, owner, missing)
        if old:
            advice = "Start a worker: it deletes them at night (manage.py worker). They are of requests that failed."
            yield MediaFinding(BYTES_WITHOUT_ROW, "stored files that belong to no message", advice, owner, old)


def _compared(owner: str, names: set[str], storage: Storage) -> tuple[list[str], set[str]]:
    """Return the ids of rows whose bytes are missing, and the names that no row has."""
    missing: list[str] = []
    after = _FIRST
    while rows := _rows(owner, after):
        after = rows[-1][0]
        for id_, *wanted in rows:
            for name in filter(None, wanted):
                # Of a row that is younger than the listing, the storage is asked.
                if name not in names and not storage.exists(name):
                    missing.append(str(id_))
                names.discard(name)
    return missing, names


def _rows(owner: str, after: UUID) -> list[tuple[Any, ...]]:
    try:
        return fetch_rows(_NAMES, [UUID(owner), after, _RANGE])
    except ValueError:  # a folder of somebody else's
        return []


def _listed(storage: Storage, folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return folders, files


def _is_old(storage: Storage, name: str, now: datetime) -> bool:
    try:
        return storage.get_modified_time(name) < now - AGE
    except Exception:
        # Deleted since it was listed? A bucket's client has an error of its own for that.
        if storage.exists(name):
            raise
        return False
