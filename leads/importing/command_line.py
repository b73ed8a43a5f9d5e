"""The input file and the --map options of the command import_leads."""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from leads.importing.columns import UnknownColumns

_BLOCK: Final = 2**20


@contextmanager
def open_input(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """Yield the file and its SHA-256; for "-" standard input and "", as it can be read only once. Raises OSError."""
    if name == "-":
        yield sys.stdin.buffer, ""
        return
    with Path(name).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
        file.seek(0)
        yield file, digest.hexdigest()


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Return column -> field for the options COLUMN=FIELD. Raises UnknownColumns."""
    fields = {}
    for pair in pairs:
        column, separator, name = pair.rpartition("=")
        if not separator or not column:
            raise UnknownColumns(f"--map takes COLUMN=FIELD, not {pair!r}.")
        fields[column] = name.strip()
    return fields
