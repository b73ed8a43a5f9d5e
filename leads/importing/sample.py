"""Reads the first rows of a file ahead, to judge its columns by them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Final

from leads.importing.readers.rows import LOST, Row, Table, UnreadableFile

SAMPLE_ROWS: Final = 3000
# Fewer rows are read ahead where they are long.
SAMPLE_CHARACTERS: Final = 16 * 2**20


def read_sample(table: Table, size: int = SAMPLE_ROWS) -> tuple[list[Row], Table]:
    """Return the first rows that can be read, and the table, which still has all rows.

    Where the file cannot be read further, the table raises UnreadableFile after the rows before.
    """
    first: list[Row] = []
    rest = table.rows
    characters = 0
    try:
        for row in islice(table.rows, size):
            first.append(row)
            characters += sum(map(len, row.cells))
            if characters > SAMPLE_CHARACTERS:
                break
    except UnreadableFile as error:
        rest = _raising(error)
    return [_without_broken(row) for row in first if row.error is None], replace(table, rows=chain(first, rest))


def _without_broken(row: Row) -> Row:
    """The row with LOST for cells without a value, which say nothing about their columns."""
    broken = row.broken
    return (
        row._replace(cells=[LOST if index in broken else cell for index, cell in enumerate(row.cells)])
        if broken
        else row
    )


def _raising(error: UnreadableFile) -> Iterator[Row]:
    yield from ()
    raise error
