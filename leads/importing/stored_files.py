"""An uploaded file in the database: web server and worker need no disk in common."""

import hashlib
import io
import os
from typing import Any, BinaryIO, Final

from django.db.models import Max, Sum
from django.db.models.functions import Length

from leads.importing.readers.lines import BLOCK
from leads.models import ImportFile, ImportRun

PIECE: Final = 2**20


class FileGone(Exception):
    """The run has no file any more."""


def digest_of(file: BinaryIO) -> str:
    """The SHA-256 of the whole file, by which it is known again."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(PIECE):
        digest.update(block)
    return digest.hexdigest()


def store_file(*, run: ImportRun, file: BinaryIO) -> None:
    """Keep the file with the run, a piece at a time. Caller holds the transaction."""
    file.seek(0)
    number = 0
    while block := file.read(PIECE):
        ImportFile.objects.create(user_id=run.user_id, run=run, number=number, content=block)
        number += 1


def drop_file(*, run: ImportRun) -> None:
    """Forget the file; what was refused of it is kept by itself."""
    ImportFile.objects.filter(user_id=run.user_id, run=run).delete()


def open_file(*, run: ImportRun) -> BinaryIO:
    """Return the file of the run, which is read from the database as it is asked for. Raises FileGone."""
    return io.BufferedReader(_StoredFile(run), BLOCK)


class _StoredFile(io.RawIOBase):
    """Holds one piece at a time."""

    def __init__(self, run: ImportRun) -> None:
        self._pieces = ImportFile.objects.filter(user_id=run.user_id, run_id=run.pk)
        found = self._pieces.aggregate(size=Sum(Length("content")), last=Max("number"))
        if found["last"] is None:
            raise FileGone("The file is not kept any more. Upload it again.")
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
            raise OSError("A position before the beginning of the file.")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        if self._position >= self._size:
            return 0
        number, offset = divmod(self._position, PIECE)
        if number != self._number:
            content = self._pieces.values_list("content", flat=True).filter(number=number).first()
            if content is None:
                # Deleted while it was read: what is missing must not pass for the end of the file.
                raise FileGone("The file is not kept any more. Upload it again.")
            self._number, self._content = number, bytes(content)
        part = self._content[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)
