"""Reads CSV files: four delimiters, any line ends, quotes as in RFC 4180."""

import csv
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.cells import QUOTED_FORMULA, unquote_formula
from leads.importing.readers.broken_cells import broken_cells, clean_cell, may_be_broken
from leads.importing.readers.delimiters import declared_delimiter, sniff_delimiter
from leads.importing.readers.headers import (
    CERTAIN,
    LAST_HEADER_ROW,
    WINDOW,
    WINDOW_SIZE,
    find_header,
    header_score,
    note_of_lines,
)
from leads.importing.readers.lines import Lines
from leads.importing.readers.rows import CELL_LIMIT, LINE_LIMIT, OPEN_QUOTE_LIMIT, Row, UnreadableFile, cell_error, fit

# The csv module's limit applies to the whole process; ours are lower, and their errors name the line.
_CSV_LIMIT: Final = LINE_LIMIT + 2 * OPEN_QUOTE_LIMIT


class CsvRows:
    """The header and the rows of a CSV file.

    Rare content (a NUL, a huge cell, a quoted formula) is searched for in whole blocks, and only the rows of a block
    that has some are checked cell by cell: in Python, checking each cell costs more than reading it.
    """

    def __init__(
        self,
        lines: Lines,
        delimiter: str | None,
        *,
        notes: list[str],
        header_row: int | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> None:
        """`notes` gets a sentence on lines above the header; see header_score for `mapping`.

        Raises UnreadableFile for a file without a header.
        """
        csv.field_size_limit(max(csv.field_size_limit(), _CSV_LIMIT))
        self._lines = lines
        self._row_first = 1
        self._swallowed = 0
        self._suspect_until = 0
        self._ended = False
        self._late: UnreadableFile | None = None
        self._mapping, self._fixed = mapping or {}, header_row is not None
        blocks = self._blocks()
        first_block = next(blocks, [])
        declared = declared_delimiter(first_block)
        if header_row is not None:
            if header_row > len(first_block) or not first_block[header_row - 1].strip():
                raise UnreadableFile(
                    gettext_noop("Line %(header_row)s is blank or not among the first lines of the file.")
                    % {"header_row": header_row}
                )
            first_block[: header_row - 1] = ["\n"] * (header_row - 1)
        self._reader = csv.reader(
            chain.from_iterable(chain([first_block], blocks)),
            delimiter=delimiter or declared or sniff_delimiter(first_block, self._mapping, fixed=self._fixed),
            strict=True,
        )
        self._first: list[Row] = self._first_rows()
        self.header_line, self.header = self._header(notes)

    def __iter__(self) -> Iterator[Row | None]:
        """The rows below the header; None for a blank line."""
        width = len(self.header)
        reader = self._reader
        for row in self._first:
            yield self._inspected(row.line, list(row.cells), several=True) if row.error is None else row
        if self._late:
            raise self._late
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
                    else:
                        yield self._inspected(line, cells, several=reader.line_num > line)
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
            if "\0" in text or size > CELL_LIMIT or QUOTED_FORMULA.search(text) or may_be_broken(text):
                self._suspect_until = last
                if "\ufeff" in text:
                    # Before the reader, for which a quote after it would not begin a cell.
                    lines[:] = [line.replace("\ufeff", "") for line in lines]
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
            gettext_noop(
                'In the row that begins in line %(row_first)s a quote (") is opened and never closed. Close it '
                "or remove it; a quote inside a quoted cell is written twice."
            )
            % {"row_first": self._row_first}
        )

    def _first_rows(self) -> list[Row]:
        """Read the rows among which the header is, up to one that certainly is it; blank ones have no cells."""
        rows: list[Row] = []
        found = size = 0
        while found < WINDOW and len(rows) < LAST_HEADER_ROW and size < WINDOW_SIZE:
            self._row_first = line = self._reader.line_num + 1
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                if self._ended and not found:
                    raise self._open_quote() from error
                try:
                    rows.append(self._unsplit(line, error))
                except UnreadableFile as late:
                    self._late = late
                    break
            except UnreadableFile as late:
                if not found:
                    raise
                # The rows before it are valid, and are read first.
                self._late = late
                break
            else:
                if cells is None:
                    break
                rows.append(Row(line, cells))
                if any(map(str.strip, cells)) and (self._fixed or header_score(cells, self._mapping) >= CERTAIN):
                    break
            found += any(map(str.strip, rows[-1].cells))
            size += sum(map(len, rows[-1].cells))
        return rows

    def _header(self, notes: list[str]) -> tuple[int, list[str]]:
        """Take the header, and all above it, from the first rows."""
        filled = [index for index, row in enumerate(self._first) if any(map(clean_cell, map(str.strip, row.cells)))]
        if not filled:
            raise UnreadableFile(gettext_noop("The file is empty. Its first line must name the columns."))
        found = [[clean_cell(cell) for cell in self._first[index].cells] for index in filled]
        # With a header whose line is given, the rows are those from it on.
        number = 0 if self._fixed else find_header(found, self._mapping)
        header = self._first[filled[number]]
        if error := header.error or cell_error([], header.cells):
            raise UnreadableFile(gettext_noop("The header cannot be read. %(error)s") % {"error": error})
        if number:
            notes.append(note_of_lines(found[:number], gettext_noop("above the header")))
        del self._first[: filled[number] + 1]
        return header.line, [unquote_formula(cell) for cell in found[number]]

    def _inspected(self, line: int, cells: list[str], *, several: bool) -> Row | None:
        """Check a row that is blank, too short or too long, has several lines, or is in a block with rare content."""
        width = len(self.header)
        broken = None
        suspect = line <= self._suspect_until
        if suspect:
            cells = [unquote_formula(clean_cell(cell)) for cell in cells]
            broken = broken_cells(self.header, cells)
        # A cell of several lines may be too long for a block.
        if (suspect or several) and (error := cell_error(self.header, cells)):
            return Row(line, cells, error)
        row = fit(line, cells, width)
        return row._replace(broken=broken) if row and broken else row

    def _unsplit(self, line: int, error: csv.Error) -> Row:
        """A row with the error "text follows a closing quote". Raises UnreadableFile where the file ended in quotes."""
        if self._ended:
            raise self._open_quote() from error
        last = self._reader.line_num
        index = line - self._lines.first
        # A row that began before the latest block is not available any more.
        text = "".join(self._lines.latest[index : last - self._lines.first + 1]) if index >= 0 else ""
        span = (
            gettext_noop("Line %(line)d") % {"line": line}
            if last == line
            else gettext_noop("Lines %(line)s to %(last)s") % {"line": line, "last": last}
        )
        return Row(
            line,
            [text.rstrip("\r\n")],
            gettext_noop(
                "%(span)s cannot be split into cells: text follows a closing quote. A quote inside a quoted "
                "cell is written twice. The first column here has the unchanged text."
            )
            % {"span": span},
        )
