"""Files and endless streams for the reader tests."""

import io
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from openpyxl import Workbook

from leads.importing.readers.files import Layout, Row, Table, open_table

HEADER = "phone,name,type,details"
ROW = "+4915123456789,Zoë,order,Two cakes"


def opened(data: Any, name: str = "leads.csv", **options: Any) -> Table:
    if isinstance(data, str):
        data = data.encode()
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    layout = Layout(**{part: options.pop(part) for part in ("sheet", "header_row", "mapping") if part in options})
    return open_table(stream, layout=layout, **({"name": name, "format": None, "encoding": None} | options))


def rows_of(data: Any, name: str = "leads.csv", **options: Any) -> list[Row]:
    return list(opened(data, name, **options).rows)


def cells_of(data: Any, name: str = "leads.csv", **options: Any) -> list[list[str]]:
    """The header and the cells of all rows, none of which has an error."""
    table = opened(data, name, **options)
    rows = list(table.rows)
    assert [row.error for row in rows if row.error] == []
    return [table.header, *(list(row.cells) for row in rows)]


def workbook(*rows: list[Any], titles: tuple[str, ...] = ("Leads",)) -> bytes:
    """An .xlsx with these rows in its first sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title in titles:
        book.create_sheet(title)
    for row in rows:
        book.worksheets[0].append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


class Pipe(io.RawIOBase):
    """A stream like a pipe: not seekable, with short reads, and generated while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._rest = self._rest or next(self._pieces, b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        self.given += len(piece)
        return piece


def piped(piece: bytes | Callable[[int], bytes], total: int, start: bytes = b"") -> Any:
    """A pipe with `start` and then the piece repeated (or called with its number) up to `total` bytes."""

    def pieces() -> Iterator[bytes]:
        if start:
            yield start
        given = 0
        number = 0
        while given < total:
            content = piece(number) if callable(piece) else piece
            yield content
            given += len(content)
            number += 1

    return Pipe(pieces())


@contextmanager
def memory_below(megabytes: int) -> Iterator[None]:
    """Assert that the block allocates at most this many megabytes of Python's memory at any time."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 2**20, f"{peak / 2**20:.1f} MiB"
