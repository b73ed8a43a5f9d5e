"""The bytes of files, in the storage "media": a folder, or a bucket of S3 (leadsite/settings.py)."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.translation import gettext_noop

# After the name of a file: the name of its small picture.
SMALL: Final = "-small"


class FileMissing(Exception):
    """The storage has no such file."""


class StorageAway(Exception):
    """The storage does not say whether it has the file, or does not give it: it may do so later."""


def media_storage() -> Storage:
    return storages["media"]


def store(file: BinaryIO | bytes, *, user_id: UUID) -> str:
    """Store bytes under a new name that nobody can guess, in the folder of the business; return the name.

    Raises OSError, or an error of S3's client.
    """
    return _save(f"{user_id}/{secrets.token_hex(24)}", file)


def store_small(content: bytes, *, name: str) -> str:
    """Store the small picture of a file beside it; return its name."""
    return _save(name + SMALL, content)


def open_file(name: str) -> File[bytes]:
    """Raises FileMissing, StorageAway."""
    with _translated(name):
        return media_storage().open(name)


def read_file(name: str) -> bytes:
    """Return all bytes of a file. Raises FileMissing, StorageAway."""
    # A bucket gives the bytes when they are read, not when the file is opened.
    with open_file(name) as file, _translated(name):
        return file.read()


def delete(*names: str) -> None:
    """Delete files; those that are not there count as deleted."""
    for name in names:
        if name:
            media_storage().delete(name)


def names_of(user_id: UUID | str) -> Iterator[str]:
    """The names of all files in the folder of a business."""
    try:
        _, files = media_storage().listdir(str(user_id))
    except FileNotFoundError:
        return
    yield from (f"{user_id}/{file}" for file in files)


def businesses() -> list[str]:
    """The folders that there are."""
    try:
        return sorted(media_storage().listdir("")[0])
    except FileNotFoundError:
        return []


def modified_at(name: str) -> datetime:
    """When a file was stored. Raises FileMissing, StorageAway."""
    with _translated(name):
        return media_storage().get_modified_time(name)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Raise FileMissing where the storage has no such file, and StorageAway for all else that it raises: a bucket's
    client has errors of its own, and a folder may be that of another machine.
    """
    try:
        yield
    except Exception as error:
        is_missing = isinstance(error, FileNotFoundError) or _status_of(error) == 404
        if is_missing and not _is_folder_away(name):
            raise FileMissing("The storage does not have this file.") from error
        raise StorageAway(
            gettext_noop("The storage of files does not answer. Try it again in a few minutes.")
        ) from error


def _is_folder_away(name: str) -> bool:
    """Whether not even the folder of the business is there, which stays when its files are deleted: that of another
    machine is not mounted.
    """
    storage = media_storage()
    return isinstance(storage, FileSystemStorage) and not Path(storage.path(name)).parent.is_dir()


def _status_of(error: Exception) -> int | None:
    """The HTTP status of a ClientError of S3's client, which is imported only where there is a bucket."""
    answer = getattr(error, "response", None)
    metadata = answer.get("ResponseMetadata") if isinstance(answer, dict) else None
    return metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None


def _save(name: str, content: BinaryIO | bytes) -> str:
    file: File[bytes] = ContentFile(content) if isinstance(content, bytes) else File(content)
    return media_storage().save(name, file)
