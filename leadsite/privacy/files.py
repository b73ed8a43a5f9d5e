"""Searches uploaded files that wait for their import, and deletes those with a person in them.

A workbook cannot lose one row without being read and written again; the file is with who uploaded it.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import IO, BinaryIO, Final
from uuid import UUID

from django.db import transaction

from leads.importing.stored_files import FileGone, drop_file, open_file
from leads.models import ImportFile, ImportRun
from leadsite.core import clock
from leadsite.core.transactions import end_if_idle, retried
from leadsite.privacy.rows import Search

State = ImportRun.State
ERASED: Final = "The file was deleted, because a person in it was erased. Upload it again without them."
BLOCK: Final = 2**20
# Of one text to the next: a number may be cut at the end of a block.
OVERLAP: Final = 100
# A workbook that unpacks to more than this is no list of leads; it is deleted, because it cannot be searched.
LARGEST: Final = 2**30
_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")
_OPEN: Final = (State.PREVIEW, State.TRYING, State.WAITING, State.RUNNING, State.INTERRUPTED)


class _TooLarge(Exception):
    """The file unpacks to more than LARGEST bytes."""


def drop_files_with(search: Search, *, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Delete the business's stored files with the person in them; return how many. Their runs fail and say why.

    `should_stop` is asked before each piece of a file, of which there may be a thousand. Opens transactions.
    """
    runs = ImportFile.objects.filter(user_id=search.user_id).order_by("run_id").values_list("run_id", flat=True)
    dropped = 0
    for run_id in runs.distinct():
        if should_stop():
            break
        dropped += _has_person(run_id, search, should_stop) and _drop(run_id)
    return dropped


@retried(source="worker", operation="erase customer")
def _drop(run_id: UUID) -> bool:
    # A worker may be importing the file: it finds it deleted, or has ended the run.
    with transaction.atomic():
        end_if_idle()
        run = ImportRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None:
            return False
        drop_file(run=run)
        if run.state in _OPEN:
            run.state, run.error, run.finished_at = State.FAILED, ERASED, clock.now()
            run.preview = run.trial = None
            run.save(update_fields=["state", "error", "finished_at", "preview", "trial", "updated_at"])
        return True


def _has_person(run_id: UUID, search: Search, should_stop: Callable[[], bool]) -> bool:
    run = ImportRun.objects.filter(pk=run_id).first()
    if run is None:
        return False
    try:
        with open_file(run=run) as file:
            texts = takewhile(lambda _: not should_stop(), _texts(file))
            return any(_is_in(text, search) for text in texts)
    except FileGone:
        return False
    except _TooLarge:
        return True


def _is_in(text: str, search: Search) -> bool:
    digits = _NOT_A_DIGIT.sub("", text)
    if not any(needle in digits for needle in search.traces.needles) and not any(word in text for word in search.words):
        return False
    return search.traces.in_text(text) != text


def _texts(file: BinaryIO) -> Iterator[str]:
    """The texts of a file, or of the files packed in it, block by block."""
    if file.read(2) != b"PK":
        file.seek(0)
        yield from _blocks(file)
        return
    file.seek(0)
    try:
        with zipfile.ZipFile(io.BytesIO(file.read())) as packed:
            left = LARGEST
            for member in packed.infolist():
                with packed.open(member) as part:
                    for text in _blocks(part):
                        left -= len(text)
                        if left < 0:
                            raise _TooLarge
                        yield text
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return


def _blocks(file: IO[bytes]) -> Iterator[str]:
    """Without NULs, so that ASCII in UTF-16 is read like ASCII."""
    before = ""
    while block := file.read(BLOCK):
        text = before + block.decode("latin-1").replace("\0", "")
        yield text
        before = text[-OVERLAP:]
