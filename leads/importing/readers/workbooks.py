"""Excel's workbooks (.xlsx), by openpyxl's read-only mode: the rows of the sheet are streamed."""

import io
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from typing import IO, Any, BinaryIO, Final

import openpyxl
from openpyxl.workbook import Workbook

from leads.importing.cells import unquote_formula
from leads.importing.readers.lines import Bytes
from leads.importing.readers.rows import Row, Unreadable, cell_fault, fit

# Of the file as it is; it lies on the disk where it came through a pipe.
_FILE_LIMIT: Final = 512 * 2**20
_MEMORY: Final = 16 * 2**20
# Of all parts unpacked. The sheet is streamed, the table of its texts is held in memory by openpyxl.
_UNPACKED_LIMIT: Final = 4 * 2**30
_TEXTS_LIMIT: Final = 256 * 2**20
# Sheets shrink to a tenth, sheets of one repeated row to a hundredth; deflate's bound is 1032 (zlib.net/zlib_tech).
_RATIO_LIMIT: Final = 400
_RATIO_FROM: Final = 32 * 2**20
# "Excel specifications and limits" (support.microsoft.com).
_ROW_LIMIT: Final = 1_048_576
# Beyond this, a double (which every number in a workbook is) has no digits to spare.
_EXACT: Final = 10**15
# ST_Xstring (ECMA-376 part 1, 22.9.2.19): how Excel keeps the \r of a cell.
_CARRIAGE_RETURN: Final = re.compile("_x000[dD]_")


class WorkbookRows:
    """The header and the rows of one sheet. Formulas are read as the values that the spreadsheet last saved of them;
    a value that looks like a formula is a text.
    """

    def __init__(self, source: Bytes, stream: BinaryIO, sheet: str | None) -> None:
        """Raises Unreadable for what is no workbook, could burst, or has no such sheet or no header in it."""
        # openpyxl tells of styles and validations that it does not know; none of them is data.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
        self._height: int | None = None
        self._line = 0
        self._values = self._read(source, stream, sheet)
        self.header = self._header()

    def __iter__(self) -> Iterator[Row]:
        width = len(self.header)
        for line, values in self._values:
            self._line = line
            # One pass over Excel's endless formatted, empty rows and columns, and no more.
            if not any(value is not None for value in values):
                continue
            cells = [unquote_formula(_text(value)) for value in values]
            if fault := cell_fault(self.header, cells):
                yield Row(line, cells, fault)
            elif row := fit(line, cells, width):
                yield row

    def position(self) -> float | None:
        """By the number of rows that the sheet says it has; it may be wrong."""
        return min(1.0, self._line / self._height) if self._height else None

    def _header(self) -> list[str]:
        for line, values in self._values:
            self._line = line
            cells = [unquote_formula(_text(value)) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                if fault := cell_fault([], cells):
                    raise Unreadable(f"The header cannot be read. {fault}")
                return cells
        raise Unreadable("The sheet is empty. Its first row must name the columns.")

    def _read(self, source: Bytes, stream: BinaryIO, name: str | None) -> Iterator[tuple[int, Sequence[Any]]]:
        """The sheet's rows with their numbers. Raises Unreadable."""
        with _seekable(source, stream) as file:
            _guard_unpacking(file)
            try:
                sheet = _sheet(openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False), name)
                self._height = sheet.max_row
                # The size that a program has written into the sheet is often wrong, and would cut rows off.
                sheet.reset_dimensions()
                for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                    if line > _ROW_LIMIT:
                        raise Unreadable(f"The sheet has more than {_ROW_LIMIT} rows, more than a workbook can have.")
                    yield line, values
            except (Unreadable, MemoryError):
                raise
            except Exception as error:
                # openpyxl has no exception of its own for a damaged file: KeyError, ParseError, zlib.error …
                raise Unreadable(
                    f"The workbook cannot be read after row {self._line}: it is damaged, or no .xlsx. Open it in a"
                    " spreadsheet and save it as .xlsx or CSV."
                ) from error


def _sheet(workbook: Workbook, name: str | None) -> Any:
    """The sheet of this name, or the first. Raises Unreadable.

    Any, because the type of read-only sheets has no usable iter_rows in types-openpyxl.
    """
    sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    if not sheets:
        raise Unreadable("The workbook has no sheet with cells.")
    if name is not None and name not in sheets:
        raise Unreadable(f"There is no sheet “{name}”. The sheets are {', '.join(sheets)}.")
    return sheets[name or next(iter(sheets))]


@contextmanager
def _seekable(source: Bytes, stream: BinaryIO) -> Iterator[IO[bytes]]:
    """The stream from its start; a pipe is written to a temporary file first, as a zip is read from its end."""
    if stream.seekable():
        stream.seek(-len(source.peek()), io.SEEK_CUR)
        yield stream
        return
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY) as file:
        while block := source.read():
            file.write(block)
            if source.count > _FILE_LIMIT:
                raise Unreadable(f"The workbook has more than {_FILE_LIMIT // 2**20} MiB. Save it as CSV.")
        file.seek(0)
        yield file


def _guard_unpacking(file: IO[bytes]) -> None:
    """Raises Unreadable for a zip that unpacks to far too much.

    The sizes are those of the directory: zipfile stops reading a part at the size that is said there.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable("The workbook is cut off or damaged. Save it again as .xlsx or CSV.") from error
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    texts = max((part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml")), default=0)
    if (
        unpacked > _UNPACKED_LIMIT
        or texts > _TEXTS_LIMIT
        or (unpacked > _RATIO_FROM and unpacked > _RATIO_LIMIT * packed)
    ):
        raise Unreadable(f"The workbook unpacks to {unpacked // 2**20} MiB, too much to be safe. Save it as CSV.")


def _text(value: Any) -> str:
    """A cell as a person would write it: whole numbers without .0, dates as in ISO 8601."""
    if isinstance(value, str):
        return _CARRIAGE_RETURN.sub("\r", value) if "_x000" in value else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    elif isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return str(value)
