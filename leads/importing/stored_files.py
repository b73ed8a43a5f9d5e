"""Stores an uploaded file in the database in pieces, so that web server and worker need no shared disk."""

import hashlib
import io
import os
from typing import Any, BinaryIO, Final

from django.db.models import Max, Sum
from django.db.models.functions import Length
from django.utils.translation import gettext_noop

from leads.importing.readers.lines import BLOCK
from leads.models import ImportFile, ImportRun

PIECE: Final = 2**20


class FileGone(Exception):
    """The file of the run has been deleted."""


def digest_of(file: BinaryIO) -> str:
    """Return the SHA-256 of the whole file, which identifies it when it is imported again."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(PIECE):
        digest.update(block)
    return digest.hexdigest()


def store_file(*, run: ImportRun, file: BinaryIO) -> None:
    """Store the file with the run in pieces of PIECE bytes. Caller holds the transaction."""
    file.seek(0)
    number = 0
    while block := file.read(PIECE):
        ImportFile.objects.create(user_id=run.user_id, run=run, number=number, content=block)
        number += 1


def drop_file(*, run: ImportRun) -> None:
    """Delete the file; its refused rows are stored separately."""
    ImportFile.objects.filter(user_id=run.user_id, run=run).delete()


def open_file(*, run: ImportRun) -> BinaryIO:
    """Return the run's file, which is read from the database piece by piece. Raises FileGone."""
    return io.BufferedReader(_StoredFile(run), BLOCK)


class _StoredFile(io.RawIOBase):
    """A seekable file that keeps one piece in memory at a time."""

    def __init__(self, run: ImportRun) -> None:
        self._pieces = ImportFile.objects.filter(user_id=run.user_id, run_id=run.pk)
        found = self._pieces.aggregate(size=Sum(Length("content")), last=Max("number"))
        if found["last"] is None:
            raise FileGone(gettext_noop("The file has been deleted. Upload it again."))
        self._size = int(found["size"])
        self._position = 0
        self._number = -1
        self._content = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(gettext_noop("The position is before the beginning of the file."))
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        if self._position >= self._size:
            return 0
        number, offset = divmod(self._position, PIECE)
        if number != self._number:
            content = self._pieces.values_list("content", flat=True).filter(number=number).first()
            if content is None:
                # Deleted while it was read: a missing piece must not look like the end of the file.
                raise FileGone(gettext_noop("The file has been deleted. Upload it again."))
            self._number, self._content = number, bytes(content)
        part = self._content[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)
