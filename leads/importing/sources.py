"""Where a command reads from, and what its --map says."""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from leads.importing.columns import UnknownColumns

_BLOCK: Final = 2**20


@contextmanager
def opened(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """The file's bytes, and their SHA-256; "" for standard input, which can be read only once. Raises OSError."""
    if name == "-":
        yield sys.stdin.buffer, ""
        return
    with Path(name).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
        file.seek(0)
        yield file, digest.hexdigest()


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """COLUMN=FIELD as given. Raises UnknownColumns."""
    found = {}
    for pair in pairs:
        column, separator, name = pair.rpartition("=")
        if not separator or not column:
            raise UnknownColumns(f"--map takes COLUMN=FIELD, not {pair!r}.")
        found[column] = name.strip()
    return found
