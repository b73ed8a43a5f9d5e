"""CSV as it is met: any of four delimiters, any ends of line, quotes as in RFC 4180."""

import csv
from collections.abc import Iterator
from itertools import chain
from typing import Final

from leads.importing.cells import QUOTED_FORMULA, unquote_formula
from leads.importing.readers.lines import Lines
from leads.importing.readers.rows import CELL_LIMIT, LINE_LIMIT, OPEN_QUOTE_LIMIT, Row, Unreadable, cell_fault, fit

DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 2**16
# csv's own limit is the process's; below it our limits decide, and they are told with a line.
_CSV_LIMIT: Final = LINE_LIMIT + 2 * OPEN_QUOTE_LIMIT


class CsvRows:
    """The header and the rows of a CSV file.

    Whatever is rare (a NUL, a huge cell, a quoted formula) is looked for in whole blocks, and only the rows of a block
    that has one are looked at one by one: in Python, a look at each cell costs more than reading it.
    """

    def __init__(self, lines: Lines, delimiter: str | None) -> None:
        """Raises Unreadable for a file without a header."""
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
                    # First things first: this is the whole way of a good row.
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
        """Called for each block as the reader takes it: when a row has begun before the block, it is inside quotes."""
        if self._row_first >= self._lines.first:
            self._swallowed = 0
            return
        self._swallowed += size
        if self._swallowed > OPEN_QUOTE_LIMIT:
            raise self._open_quote()

    def _open_quote(self) -> Unreadable:
        return Unreadable(
            f'In the row that begins in line {self._row_first} a quote (") is opened and never closed. Close it or take'
            " it out; a quote inside a quoted cell is written twice."
        )

    def _header(self) -> list[str]:
        try:
            for cells in self._reader:
                if any(map(str.strip, cells)):
                    if fault := cell_fault([], cells):
                        raise Unreadable(f"The header cannot be read. {fault}")
                    return [unquote_formula(cell) for cell in cells]
                self._row_first = self._reader.line_num + 1
        except csv.Error as error:
            raise self._open_quote() if self._ended else Unreadable(f"The header cannot be read: {error}.") from error
        raise Unreadable("The file is empty. Its first line must name the columns.")

    def _inspected(self, line: int, cells: list[str]) -> Row | None:
        """A row that is blank, ragged, of several lines, or from a block with something rare in it."""
        width = len(self.header)
        if line <= self._suspect_until or self._reader.line_num > line:
            fault = cell_fault(self.header, cells)
            cells = [unquote_formula(cell) for cell in cells]
            if fault:
                return Row(line, cells, fault)
        return fit(line, cells, width)

    def _unsplit(self, line: int, error: csv.Error) -> Row:
        """The fault of a row with text after a closing quote. Raises Unreadable where the file ended inside quotes."""
        if self._ended:
            raise self._open_quote() from error
        last = self._reader.line_num
        index = line - self._lines.first
        # A row that began before the latest block is too long to be shown.
        text = "".join(self._lines.latest[index : last - self._lines.first + 1]) if index >= 0 else ""
        span = f"Line {line}" if last == line else f"Lines {line} to {last}"
        return Row(
            line,
            [text.rstrip("\r\n")],
            f"{span} cannot be split into cells: text follows a closing quote. A quote inside a quoted cell is written"
            " twice. The first column here holds the text as it is.",
        )


def sniff_delimiter(lines: list[str]) -> str:
    """Return the delimiter by which most of the first records have as many cells as the header; of two, the one with
    more cells. A comma where the file has one column.

    csv.Sniffer guesses from letters that recur, and finds delimiters inside words (docs.python.org, csv.Sniffer).
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
    """How well the delimiter fits: the share of records as wide as the header, and that width. (0, 0) if it splits
    nothing."""
    widths: list[int] = []
    try:
        widths.extend(len(record) for record in csv.reader(sample, delimiter=delimiter, strict=True) if record)
    except csv.Error:
        # A quote that is opened after the sample's end, or inside a cell by this delimiter.
        widths.extend(len(record) for record in csv.reader(sample, delimiter=delimiter) if record)
    if not widths or widths[0] < 2:
        return (0, 0)
    # The last record may be cut, or swallow the rest.
    counted = widths[:-1] if len(widths) > 2 else widths
    return (sum(width == widths[0] for width in counted) / len(counted), widths[0])
