"""What was refused of a file, as a file that can be mended and imported in its turn."""

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from leads.importing.cells import quote_formula
from leads.importing.readers.rows import Row

_REPORT: Final = ("line", "field", "reason")
# For a file that has a column of such a name itself.
_OTHER_REPORT: Final = ("import_line", "import_field", "import_reason")


class ErrorsFile:
    """The refused rows of one file: its columns as they were, then where and why each was refused.

    As CSV in UTF-8 with a byte order mark, by which Excel knows it. Cells that a spreadsheet would run as formulas
    are quoted, and reading takes the quote off. Where the file read was such a file itself, its report is replaced by
    the new one.

    The file appears under its name when it is closed, complete, and only where a row was refused: a file that stood
    there before is replaced, or removed, so that nobody mends the rows of the last run. It is the owner's alone to
    read, for it holds what customers wrote. Leaving the context by an exception closes it too: what was refused
    until then is of use.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        """Raises OSError where the directory is missing or cannot be written to."""
        self.count = 0
        self._path = path
        self._report_columns, self._own_width = _columns(header)
        # mkstemp makes it with mode 0600, and beside the target, as a rename does not cross file systems.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        self._temporary = Path(temporary)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="", errors="backslashreplace")
        # With \r\n, csv's own: by another end of line, Python 3.11 leaves a lone \r in a cell without quotes.
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._width = len(header)
        self._writer.writerow([*map(quote_formula, header[: self._own_width]), *self._report_columns])

    def write(self, row: Row, field: str | None, reason: str) -> None:
        """Add a row: its cells, its line, the field that is to blame (None: the row as a whole), and a sentence.

        Cells beyond the header come after the report: they have no column, and must not be lost.
        """
        own = list(row.cells[: self._own_width])
        own += [""] * (self._own_width - len(own))
        surplus = row.cells[self._width :]
        self._writer.writerow(
            [*map(quote_formula, own), str(row.line), field or "", quote_formula(reason), *map(quote_formula, surplus)]
        )
        self.count += 1

    def close(self) -> None:
        """Put the file in its place, or remove it where nothing was refused. Twice does no harm."""
        if self._file.closed:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self.count:
                self._temporary.replace(self._path)
            else:
                self._path.unlink(missing_ok=True)
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _columns(header: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The names of the report's columns, and how many of the header's are the file's own."""
    for report in (_REPORT, _OTHER_REPORT):
        if tuple(header[-len(report) :]) == report:
            return report, len(header) - len(report)
    taken = {name.strip().lower() for name in header}
    return (_OTHER_REPORT if taken.intersection(_REPORT) else _REPORT), len(header)
