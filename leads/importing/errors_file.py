"""Writes refused rows to a CSV file that can be corrected and imported again."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from leads.importing.batches import Refusal
from leads.importing.cells import csv_line, quote_formula
from leads.importing.columns.fields import REPORTS
from leads.importing.readers.rows import Row
from leads.models import ImportRun


def refused_rows(run: ImportRun) -> Iterator[Refusal]:
    """Return the rows that the run has refused, in the order of the file."""
    for refusal in run.refusals.order_by("line", "pk").iterator():
        row = Row(refusal.line, refusal.cells)
        yield Refusal(row, refusal.field or None, refusal.reason)


class ErrorsFile:
    """The refused rows of one file: its own columns, then line, field and reason.

    The format is CSV in UTF-8 with a byte order mark, which Excel needs. Cells that a
    spreadsheet would run as formulas get an apostrophe, which reading removes. If the imported file was such a file
    itself, its report columns are replaced.

    The complete file appears under its name when it is closed, and only if a row was refused; an existing file is
    replaced or removed, so that the rows of an earlier run are not corrected by mistake. Its mode is 600, because it
    contains what customers wrote. It is also closed when the block raises: the rows refused until then are useful.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        """Raises OSError where the directory is missing or not writable."""
        self.count = 0
        self._path = path
        self._report_columns, self._own_width = _columns(header)
        # mkstemp sets mode 0600; in the target's directory, because a rename cannot cross file systems.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        self._temporary = Path(temporary)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="", errors="backslashreplace")
        self._width = len(header)
        self._file.write(csv_line([*map(quote_formula, header[: self._own_width]), *self._report_columns]))

    def write(self, row: Row, field: str | None, reason: str) -> None:
        """Add a row with its line, the invalid field (None: the row as a whole) and the reason.

        Cells beyond the header follow after the report: they have no column, but must not be lost.
        """
        own = list(row.cells[: self._own_width])
        own += [""] * (self._own_width - len(own))
        surplus = row.cells[self._width :]
        report = (str(row.line), field or "", quote_formula(reason))
        self._file.write(csv_line([*map(quote_formula, own), *report, *map(quote_formula, surplus)]))
        self.count += 1

    def close(self, *, failed: bool = False) -> None:
        """Move the file to its path, or remove it where nothing was refused: not one of before where the work `failed`,
        because what it has may still be refused. May be called twice.
        """
        if self._file.closed:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self.count:
                self._temporary.replace(self._path)
            elif not failed:
                self._path.unlink(missing_ok=True)
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(failed=error is not None)


def _columns(header: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Return the names of the report's columns, and the number of the file's own columns in its header."""
    for report in REPORTS:
        if tuple(header[-len(report) :]) == report:
            return report, len(header) - len(report)
    taken = {name.strip().lower() for name in header}
    usual, other = REPORTS
    return (other if taken.intersection(usual) else usual), len(header)
