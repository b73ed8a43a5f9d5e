"""The table of texts of an Excel workbook: the first ones are kept in memory, the others in a temporary file.

A table of 256 MiB is a gigabyte of Python's strings; here it takes four bytes for each text. Programs write texts in
the order of the cells that use them, so the file is read in blocks, and most texts are in the block that is there.
"""

import os
import tempfile
from array import array
from typing import BinaryIO, Final

from leads.importing.readers.workbooks.packages import Package

# Bytes of memory for the first texts, each with what a string takes besides its letters.
_MEMORY: Final = 24 * 2**20
_OBJECT: Final = 64
_BLOCK: Final = 2**18


class SharedTexts:
    """Texts by their number, from 0."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._first: list[str] = []
        self._memory = 0
        self._file: BinaryIO | None = None
        # Where in the file each of the other texts ends.
        self._ends = array("I", [0])
        self._block, self._start = b"", 0

    def append(self, text: str) -> None:
        if self._file is None:
            self._memory += len(text) * 4 + _OBJECT if not text.isascii() else len(text) + _OBJECT
            if self._memory <= _MEMORY:
                self._first.append(text)
                return
            self._file = self._package.closing.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (it is closed there)
        self._ends.append(self._ends[-1] + self._file.write(text.encode(errors="surrogatepass")))

    def __getitem__(self, number: int) -> str:
        """Raises IndexError where there is no such text."""
        if number < 0:
            raise IndexError(number)
        if number < len(self._first):
            return self._first[number]
        place = number - len(self._first)
        start, end = self._ends[place], self._ends[place + 1]
        if not self._start <= start <= end <= self._start + len(self._block):
            self._block, self._start = self._read(start, max(end - start, _BLOCK)), start
        return self._block[start - self._start : end - self._start].decode(errors="surrogatepass")

    def _read(self, start: int, size: int) -> bytes:
        if self._file is None:
            raise IndexError(start)
        self._file.flush()
        return os.pread(self._file.fileno(), size, start)
