"""The files of a migration: repaired rows, and the refused rows of each table, which can be corrected and imported."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from leads.importing.cells import csv_line, quote_formula
from leads.importing.errors_file import ErrorsFile
from leads.importing.readers.rows import Row
from leads.migrating.sources.records import TABLES
from leads.migrating.staging import RepairedRow, refused

_REPAIRED_COLUMNS: Final = ("table", "line", "id", "what was done")


def write_refused(folder: Path, headers: Mapping[str, tuple[str, ...]]) -> None:
    """Write conversations.csv, leads.csv and messages.csv with the refused rows; a table without any has no file.

    Raises OSError.
    """
    for table in TABLES:
        with ErrorsFile(folder / f"{table}.csv", headers.get(table, ())) as file:
            for row in refused(table):
                file.write(Row(row.line, json.loads(row.cells)), row.field or None, row.reason)


class RepairedFile:
    """repaired.csv: a line for each row that was repaired or merged. A later run adds its own; its mode is 600."""

    def __init__(self, folder: Path | None) -> None:
        """`folder`: None writes nothing. Raises OSError."""
        self._file = None
        if folder is None:
            return
        path = folder / "repaired.csv"
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", newline="")
        if is_new:
            self._file.write("\ufeff" + csv_line(_REPAIRED_COLUMNS))

    def write(self, rows: Iterable[RepairedRow]) -> None:
        if self._file is not None:
            for row in rows:
                self._file.write(csv_line([row.table, row.line, row.id, quote_formula(row.note)]))
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
