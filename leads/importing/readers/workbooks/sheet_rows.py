"""The header and the rows of one sheet of a workbook, whatever its format."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import BinaryIO, Final

from django.utils.translation import gettext_noop

from leads.importing.cells import unquote_formula
from leads.importing.readers.broken_cells import clean_cell
from leads.importing.readers.formats import zip_format
from leads.importing.readers.headers import CERTAIN, WINDOW, filled, find_header, header_score, note_of_lines
from leads.importing.readers.lines import Bytes
from leads.importing.readers.rows import Row, UnreadableFile, cell_error, column_name, fit
from leads.importing.readers.workbooks.ooxml import OoxmlWorkbook
from leads.importing.readers.workbooks.opendocument import OpenDocument
from leads.importing.readers.workbooks.packages import DAMAGED, Package, open_package
from leads.importing.readers.workbooks.sheets import Sheet, SheetRow, cell_name

# How many sheets are looked into for the one with the leads.
_SEARCHED: Final = 50


class WorkbookRows:
    """The header and the rows of one sheet. A formula is read as the value that the spreadsheet saved with it; a value
    that looks like a formula is text.

    `sheet` is the one that is read, `sheets` are all that are visible. `alike` are those that might be meant as well:
    with a column of phones, or else with rows. It is empty where the sheet is named, or only one might be meant.
    """

    def __init__(
        self,
        source: Bytes,
        stream: BinaryIO,
        *,
        notes: list[str],
        sheet: str | None,
        header_row: int | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> None:
        """Raises UnreadableFile where the file is no workbook, unpacks to too much, lacks the sheet or a header."""
        self.format = ""
        self.sheet = ""
        self.sheets: tuple[str, ...] = ()
        self.alike: tuple[str, ...] = ()
        self._notes, self._mapping = notes, mapping or {}
        self._progress = 0.0
        self._line = 0
        self._source = self._read(source, stream, sheet)
        self._first: list[SheetRow] = []
        try:
            self.header_line, self.header = self._header(header_row)
        except UnreadableFile as error:
            error.sheets = self.sheets
            raise

    def __iter__(self) -> Iterator[Row | None]:
        """The rows below the header; None for a blank row."""
        width, before = len(self.header), self.header_line
        for line, cells, broken in chain(self._first, self._source):
            if line > before + 1 or not cells:
                yield None
            before = line
            if cells:
                texts = [unquote_formula(clean_cell(cell)) for cell in cells]
                error = cell_error(self.header, texts)
                row = Row(line, texts, error) if error else fit(line, texts, width)
                yield row._replace(broken=self._sentences(line, broken)) if row and broken else row

    def position(self) -> float | None:
        return self._progress

    def _sentences(self, line: int, broken: Mapping[int, str]) -> dict[int, str]:
        return {
            column: gettext_noop("%(column_name)s (cell %(cell_name)s) %(problem)s")
            % {
                "column_name": column_name(self.header, column),
                "cell_name": cell_name(line, column),
                "problem": problem,
            }
            for column, problem in broken.items()
        }

    def _header(self, number: int | None) -> tuple[int, list[str]]:
        """Read the first rows, and take the header and all above it from them."""
        for row in self._source:
            if not any(map(str.strip, row.cells)) or (number and row.line < number):
                continue
            self._first.append(row)
            if number or header_score(row.cells, self._mapping) >= CERTAIN or len(self._first) == WINDOW:
                break
        if number and (not self._first or self._first[0].line != number):
            raise UnreadableFile(
                gettext_noop("Row %(number)s of the sheet is blank. Give the row that names the columns.")
                % {"number": number}
            )
        if not self._first:
            raise UnreadableFile(gettext_noop("The sheet is empty. Its first row must name the columns."))
        if number:
            found, index = [[clean_cell(cell) for cell in self._first[0].cells]], 0
        else:
            self._first.extend(islice(self._source, 1))
            found = [[clean_cell(cell) for cell in row.cells] for row in self._first]
            index = find_header(found, self._mapping)
            index += _goes_on(found[index : index + 2], self._mapping)
        cells = [unquote_formula(cell) for cell in found[index]]
        while cells and not cells[-1].strip():
            cells.pop()
        if error := cell_error([], cells):
            raise UnreadableFile(gettext_noop("The header cannot be read. %(error)s") % {"error": error})
        if index:
            self._notes.append(note_of_lines(found[:index], gettext_noop("above the header")))
        line = self._first[index].line
        del self._first[: index + 1]
        return line, cells

    def _read(self, source: Bytes, stream: BinaryIO, name: str | None) -> Iterator[SheetRow]:
        """Choose the sheet, and yield its rows. Raises UnreadableFile."""
        with open_package(source, stream) as package:
            try:
                self.format = zip_format(package.names, package.text("mimetype"))
                sheet = self._choose(_workbook(package, self.format).sheets, name)
                for row in sheet.rows(self._advance):
                    self._line = row.line
                    yield row
            except (UnreadableFile, MemoryError):
                raise
            except Exception as error:
                # A damaged file causes many exceptions: KeyError, ExpatError, zlib.error …
                raise UnreadableFile(
                    gettext_noop("The workbook cannot be read after row %(line)s: %(damaged)s")
                    % {"line": self._line, "damaged": DAMAGED}
                ) from error
        self._progress = 1.0

    def _advance(self, share: float) -> None:
        self._progress = min(1.0, share)

    def _choose(self, sheets: Sequence[Sheet], name: str | None) -> Sheet:
        """Return the sheet of this name, or the first of those that might be meant. Raises UnreadableFile."""
        visible = [sheet for sheet in sheets if sheet.visible]
        self.sheets = tuple(sheet.name for sheet in visible)
        if not sheets:
            raise UnreadableFile(gettext_noop("The workbook has no sheet with cells."))
        chosen = _named(sheets, name) if name else None
        if name and chosen is None:
            raise UnreadableFile(
                gettext_noop("There is no sheet “%(name)s”. The sheets are %(value)s.")
                % {"name": name, "value": ", ".join(self.sheets)}
            )
        if not chosen and not visible:
            raise UnreadableFile(
                gettext_noop("All sheets of the workbook are hidden. Unhide the one with the leads, and save it.")
            )
        scores = [_look(sheet, self._mapping) if len(visible) > 1 else 1 for sheet in visible[:_SEARCHED]]
        if chosen is None:
            best = [sheet for sheet, score in zip(visible, scores, strict=False) if score == max(scores)]
            chosen = best[0]
            self.alike = tuple(sheet.name for sheet in best) if len(best) > 1 and max(scores) else ()
        self.sheet = chosen.name
        filled = (sheet for sheet, score in zip(visible, scores, strict=False) if score and sheet is not chosen)
        if names := ", ".join(f"“{sheet.name[:60]}”" for sheet in filled):
            self._notes.append(
                gettext_noop("The sheet “%(name)s” is read. Not read: %(names)s.")
                % {"name": chosen.name[:60], "names": names}
            )
        return chosen


def _workbook(package: Package, format_: str) -> OoxmlWorkbook | OpenDocument:
    return OpenDocument(package) if format_ == "ods" else OoxmlWorkbook(package)


def _named(sheets: Sequence[Sheet], name: str) -> Sheet | None:
    exact = (sheet for sheet in sheets if sheet.name == name)
    similar = (sheet for sheet in sheets if sheet.name.strip().casefold() == clean_cell(name).strip().casefold())
    return next(exact, None) or next(similar, None)


def _look(sheet: Sheet, mapping: Mapping[str, str]) -> int:
    """Return 2 where the sheet's first rows name a phone or several fields, 1 where it has other rows, 0 for none."""
    rows = [row.cells for row in islice(sheet.rows(None), 10 * WINDOW) if any(map(str.strip, row.cells))]
    best = max((header_score(cells, mapping) for cells in rows[:WINDOW]), default=0)
    return 2 if best > 1 else 1 if rows else 0


def _goes_on(rows: Sequence[Sequence[str]], mapping: Mapping[str, str]) -> bool:
    """Whether the second row is the header's second line: some names are merged over both, others are above several."""
    if len(rows) < 2:
        return False
    header, below = rows
    merged = any(name and name == other for name, other in zip(header, below, strict=False))
    return merged and filled(below) > filled(header) and header_score(below, mapping) >= header_score(header, mapping)
