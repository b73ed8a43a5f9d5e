"""Reads CSV files: four delimiters, any line ends, quotes as in RFC 4180."""

import csv
from collections.abc import Iterator
from itertools import chain
from typing import Final

from leads.importing.cells import QUOTED_FORMULA, unquote_formula
from leads.importing.readers.lines import Lines
from leads.importing.readers.rows import CELL_LIMIT, LINE_LIMIT, OPEN_QUOTE_LIMIT, Row, UnreadableFile, cell_error, fit

DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 2**16
# The csv module's limit applies to the whole process; ours are lower, and their errors name the line.
_CSV_LIMIT: Final = LINE_LIMIT + 2 * OPEN_QUOTE_LIMIT


class CsvRows:
    """The header and the rows of a CSV file.

    Rare content (a NUL, a huge cell, a quoted formula) is searched for in whole blocks, and only the rows of a block
    that has some are checked cell by cell: in Python, checking each cell costs more than reading it.
    """

    def __init__(self, lines: Lines, delimiter: str | None) -> None:
        """Raises UnreadableFile for a file without a header."""
        csv.field_size_limit(max(csv.field_size_limit(), _CSV_LIMIT))
        self._lines = lines
        self._row_first = 1
        self._swallowed = 0
        self._suspect_until = 0
        self._ended = False
        blocks = self._blocks()
        first_block = next(blocks, [])
        self._reader = csv.reader(
            chain.from_iterable(chain([first_block], blocks)),
            delimiter=delimiter or sniff_delimiter(first_block),
            strict=True,
        )
        self.header = self._header()

    def __iter__(self) -> Iterator[Row]:
        width = len(self.header)
        reader = self._reader
        self._row_first = line = reader.line_num + 1
        while True:
            try:
                for cells in reader:
                    # The fast path of a normal row.
                    if (
                        len(cells) == width
                        and (first := cells[0])
                        and not first.isspace()
                        and reader.line_num == line > self._suspect_until
                    ):
                        yield Row(line, cells)
                    elif cells and (row := self._inspected(line, cells)):
                        yield row
                    self._row_first = line = reader.line_num + 1
                return
            except csv.Error as error:
                yield self._unsplit(line, error)
                self._row_first = line = reader.line_num + 1

    def _blocks(self) -> Iterator[list[str]]:
        for lines in self._lines:
            last = self._lines.first + len(lines) - 1
            size = sum(map(len, lines))
            text = "".join(lines)
            if "\0" in text or size > CELL_LIMIT or QUOTED_FORMULA.search(text):
                self._suspect_until = last
            self._guard_open_quote(size)
            yield lines
        self._ended = True

    def _guard_open_quote(self, size: int) -> None:
        """Called for each block that the reader takes: a row that began before the block is inside quotes."""
        if self._row_first >= self._lines.first:
            self._swallowed = 0
            return
        self._swallowed += size
        if self._swallowed > OPEN_QUOTE_LIMIT:
            raise self._open_quote()

    def _open_quote(self) -> UnreadableFile:
        return UnreadableFile(
            f'In the row that begins in line {self._row_first} a quote (") is opened and never closed. Close it or'
            " remove it; a quote inside a quoted cell is written twice."
        )

    def _header(self) -> list[str]:
        try:
            for cells in self._reader:
                if any(map(str.strip, cells)):
                    if error := cell_error([], cells):
                        raise UnreadableFile(f"The header cannot be read. {error}")
                    return [unquote_formula(cell) for cell in cells]
                self._row_first = self._reader.line_num + 1
        except csv.Error as error:
            raise (
                self._open_quote() if self._ended else UnreadableFile(f"The header cannot be read: {error}.")
            ) from error
        raise UnreadableFile("The file is empty. Its first line must name the columns.")

    def _inspected(self, line: int, cells: list[str]) -> Row | None:
        """Check a row that is blank, too short or too long, has several lines, or is in a block with rare content."""
        width = len(self.header)
        if line <= self._suspect_until or self._reader.line_num > line:
            error = cell_error(self.header, cells)
            cells = [unquote_formula(cell) for cell in cells]
            if error:
                return Row(line, cells, error)
        return fit(line, cells, width)

    def _unsplit(self, line: int, error: csv.Error) -> Row:
        """A row with the error "text follows a closing quote". Raises UnreadableFile where the file ended in quotes."""
        if self._ended:
            raise self._open_quote() from error
        last = self._reader.line_num
        index = line - self._lines.first
        # A row that began before the latest block is not available any more.
        text = "".join(self._lines.latest[index : last - self._lines.first + 1]) if index >= 0 else ""
        span = f"Line {line}" if last == line else f"Lines {line} to {last}"
        return Row(
            line,
            [text.rstrip("\r\n")],
            f"{span} cannot be split into cells: text follows a closing quote. A quote inside a quoted cell is written"
            " twice. The first column here has the unchanged text.",
        )


def sniff_delimiter(lines: list[str]) -> str:
    """Return the delimiter with which most of the first records have as many cells as the header; of two, the one with
    more cells; a comma where the file has one column.

    Not csv.Sniffer, which guesses from repeated characters and finds delimiters inside words (docs.python.org).
    """
    sample: list[str] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > _SAMPLE and sample:
            break
        sample.append(line)
    return max(DELIMITERS, key=lambda delimiter: _agreement(sample, delimiter))


def _agreement(sample: list[str], delimiter: str) -> tuple[float, int]:
    """The share of records as wide as the header with this delimiter, and that width; (0, 0) if it splits nothing."""
    widths: list[int] = []
    try:
        widths.extend(len(record) for record in csv.reader(sample, delimiter=delimiter, strict=True) if record)
    except csv.Error:
        # A quoted cell that ends after the sample, or a quote that this delimiter leaves inside a cell.
        widths.extend(len(record) for record in csv.reader(sample, delimiter=delimiter) if record)
    if not widths or widths[0] < 2:
        return (0, 0)
    # The last record may be incomplete, or extend to the end of the sample.
    counted = widths[:-1] if len(widths) > 2 else widths
    return (sum(width == widths[0] for width in counted) / len(counted), widths[0])
