"""Reads Excel workbooks (.xlsx) with openpyxl's read-only mode, which streams the rows of a sheet."""

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
from leads.importing.readers.rows import Row, UnreadableFile, cell_error, fit

# Bytes of the packed file; one that comes through a pipe is written to disk above _MEMORY bytes.
_FILE_LIMIT: Final = 512 * 2**20
_MEMORY: Final = 16 * 2**20
# Bytes of all unpacked parts, and of the table of texts, which openpyxl keeps in memory; the sheet is streamed.
_UNPACKED_LIMIT: Final = 4 * 2**30
_TEXTS_LIMIT: Final = 256 * 2**20
# Sheets are packed to a tenth, of one repeated row to a hundredth; deflate's maximum is 1032 (zlib.net/zlib_tech).
_RATIO_LIMIT: Final = 400
_RATIO_FROM: Final = 32 * 2**20
# "Excel specifications and limits" (support.microsoft.com).
_ROW_LIMIT: Final = 1_048_576
# Every number in a workbook is a double, which is not exact beyond this.
_EXACT: Final = 10**15
# ST_Xstring (ECMA-376 part 1, 22.9.2.19): Excel's escape for \r in a cell.
_CARRIAGE_RETURN: Final = re.compile("_x000[dD]_")


class WorkbookRows:
    """The header and the rows of one sheet. A formula is read as the value that the spreadsheet saved with it; a value
    that looks like a formula is text.
    """

    def __init__(self, source: Bytes, stream: BinaryIO, sheet: str | None) -> None:
        """Raises UnreadableFile where the file is no workbook, unpacks to too much, lacks the sheet or a header."""
        # openpyxl warns of styles and validations that it does not support; none of them is data.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
        self._height: int | None = None
        self._line = 0
        self._values = self._read(source, stream, sheet)
        self.header = self._header()

    def __iter__(self) -> Iterator[Row]:
        width = len(self.header)
        for line, values in self._values:
            self._line = line
            # Skip formatted empty rows early: Excel may save very many of them.
            if not any(value is not None for value in values):
                continue
            cells = [unquote_formula(_text(value)) for value in values]
            if error := cell_error(self.header, cells):
                yield Row(line, cells, error)
            elif row := fit(line, cells, width):
                yield row

    def position(self) -> float | None:
        """Estimated from the sheet's stated number of rows, which may be wrong."""
        return min(1.0, self._line / self._height) if self._height else None

    def _header(self) -> list[str]:
        for line, values in self._values:
            self._line = line
            cells = [unquote_formula(_text(value)) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                if error := cell_error([], cells):
                    raise UnreadableFile(f"The header cannot be read. {error}")
                return cells
        raise UnreadableFile("The sheet is empty. Its first row must name the columns.")

    def _read(self, source: Bytes, stream: BinaryIO, name: str | None) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the sheet's rows with their numbers. Raises UnreadableFile."""
        with _seekable(source, stream) as file:
            _guard_unpacking(file)
            try:
                sheet = _sheet(openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False), name)
                self._height = sheet.max_row
                # The dimensions stored in a sheet are often wrong, and would cut off rows.
                sheet.reset_dimensions()
                for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                    if line > _ROW_LIMIT:
                        raise UnreadableFile(
                            f"The sheet has more than {_ROW_LIMIT} rows, more than a workbook can have."
                        )
                    yield line, values
            except (UnreadableFile, MemoryError):
                raise
            except Exception as error:
                # openpyxl raises many exceptions for a damaged file: KeyError, ParseError, zlib.error …
                raise UnreadableFile(
                    f"The workbook cannot be read after row {self._line}: it is damaged, or not .xlsx. Open it in a"
                    " spreadsheet and save it as .xlsx or CSV."
                ) from error


def _sheet(workbook: Workbook, name: str | None) -> Any:
    """Return the sheet of this name, or the first. Raises UnreadableFile.

    The type is Any, because read-only sheets have no usable iter_rows in types-openpyxl.
    """
    sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    if not sheets:
        raise UnreadableFile("The workbook has no sheet with cells.")
    if name is not None and name not in sheets:
        raise UnreadableFile(f"There is no sheet “{name}”. The sheets are {', '.join(sheets)}.")
    return sheets[name or next(iter(sheets))]


@contextmanager
def _seekable(source: Bytes, stream: BinaryIO) -> Iterator[IO[bytes]]:
    """Yield the stream from its start; a pipe is copied to a temporary file, because a zip is read from its end."""
    if stream.seekable():
        stream.seek(-len(source.peek()), io.SEEK_CUR)
        yield stream
        return
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY) as file:
        while block := source.read():
            file.write(block)
            if source.count > _FILE_LIMIT:
                raise UnreadableFile(f"The workbook has more than {_FILE_LIMIT // 2**20} MiB. Save it as CSV.")
        file.seek(0)
        yield file


def _guard_unpacking(file: IO[bytes]) -> None:
    """Raises UnreadableFile for a zip that unpacks to too much.

    The sizes are those in the zip's directory: zipfile does not read beyond them.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableFile("The workbook is cut off or damaged. Save it again as .xlsx or CSV.") from error
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    texts = max((part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml")), default=0)
    if (
        unpacked > _UNPACKED_LIMIT
        or texts > _TEXTS_LIMIT
        or (unpacked > _RATIO_FROM and unpacked > _RATIO_LIMIT * packed)
    ):
        raise UnreadableFile(f"The workbook unpacks to {unpacked // 2**20} MiB, too much to be safe. Save it as CSV.")


def _text(value: Any) -> str:
    """Return a cell as text: integers without .0, dates in ISO 8601."""
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
