"""Reads Excel workbooks (.xlsx, .xlsm, also Strict Open XML): their sheets, texts and number formats."""

import posixpath
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from leads.importing.readers.workbooks.number_formats import BUILT_IN, Show, number_format
from leads.importing.readers.workbooks.ooxml_sheet import SheetParser, unescaped, vertical_merges
from leads.importing.readers.workbooks.packages import Attributes, Package, read_elements, xml_parser
from leads.importing.readers.workbooks.shared_texts import SharedTexts
from leads.importing.readers.workbooks.sheets import Sheet, SheetRow, TextOfCell

_TRUE: Final = ("1", "true", "on")


class OoxmlWorkbook:
    """`sheets` are those with cells, in their order. Names of namespaces differ in Strict Open XML, so none is used."""

    def __init__(self, package: Package) -> None:
        """Raises what a damaged file raises: KeyError, ExpatError, zlib.error and others."""
        self._package = package
        self._since_1904 = False
        self._recalculated = False
        related = self._related("", "_rels/.rels")
        main = next(target for kind, target in related.values() if kind == "officeDocument")
        folder = posixpath.dirname(main)
        related = self._related(folder, f"{folder}/_rels/{posixpath.basename(main)}.rels".lstrip("/"))
        parts = dict(related.values())
        sheets: list[Attributes] = []
        wanted = {"sheet": sheets.append, "workbookPr": self._take_properties, "calcPr": self._take_calculation}
        read_elements(package, main, wanted)
        self._formats = self._read_formats(parts.get("styles"))
        self._texts_part = parts.get("sharedStrings")
        self._texts: SharedTexts | None = None
        self.sheets = tuple(
            self._sheet(sheet["name"], target, visible=sheet.get("state", "visible") == "visible")
            for sheet in sheets
            for kind, target in (related.get(sheet.get("id", ""), ("", "")),)
            if kind == "worksheet"
        )

    def _related(self, folder: str, part: str) -> dict[str, tuple[str, str]]:
        """Id -> kind and target of the parts that a part uses."""
        found: dict[str, tuple[str, str]] = {}

        def take(attributes: Attributes) -> None:
            target = attributes.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[attributes["Id"]] = (attributes.get("Type", "").rpartition("/")[2], path)

        if self._package.has(part):
            read_elements(self._package, part, {"Relationship": take})
        return found

    def _take_properties(self, attributes: Attributes) -> None:
        self._since_1904 = attributes.get("date1904", "").lower() in _TRUE

    def _take_calculation(self, attributes: Attributes) -> None:
        # Programs that compute nothing ask Excel to, and store 0 or nothing as the value of a formula.
        self._recalculated = attributes.get("fullCalcOnLoad", "").lower() in _TRUE

    def _read_formats(self, part: str | None) -> list[Show | None]:
        """How each style of a cell shows numbers."""
        if part is None or not self._package.has(part):
            return []
        codes, inside = dict(BUILT_IN), [False]
        used: list[int] = []

        def start(name: str, attributes: Attributes) -> None:
            match name.rpartition(":")[2]:
                case "numFmt":
                    codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "General")
                case "cellXfs":
                    inside[0] = True
                case "xf" if inside[0]:
                    used.append(int(attributes.get("numFmtId", 0)))

        def end(name: str) -> None:
            if name.rpartition(":")[2] == "cellXfs":
                inside[0] = False

        parser = xml_parser(start, end)
        for block in self._package.small_blocks(part):
            parser.Parse(block)
        shows = {
            number: number_format(codes.get(number, "General"), since_1904=self._since_1904) for number in set(used)
        }
        return [shows[number] for number in used]

    def _read_texts(self) -> SharedTexts:
        """The table of texts that cells refer to; phonetic readings of Japanese texts are no part of them."""
        texts = SharedTexts(self._package)
        if self._texts_part is None or not self._package.has(self._texts_part):
            return texts
        text = TextOfCell()
        phonetic = [False]

        def start(name: str, _: Attributes) -> None:
            match name.rpartition(":")[2]:
                case "t" if not phonetic[0]:
                    parser.CharacterDataHandler = text.add
                case "rPh":
                    phonetic[0] = True

        def end(name: str) -> None:
            match name.rpartition(":")[2]:
                case "t":
                    parser.CharacterDataHandler = None
                case "rPh":
                    phonetic[0] = False
                case "si":
                    texts.append(unescaped(text.take()))

        parser = xml_parser(start, end)
        for block in self._package.blocks(self._texts_part):
            parser.Parse(block)
        return texts

    def _sheet(self, name: str, part: str, *, visible: bool) -> Sheet:
        return Sheet(name, visible, partial(self._rows, part))

    def _rows(self, part: str, progress: Callable[[float], None] | None) -> Iterator[SheetRow]:
        """See Sheet. Without `progress`, for a look at the first rows, merged cells are not searched for."""
        if self._texts is None:
            self._texts = self._read_texts()
        merges = vertical_merges(self._package.blocks(part)) if progress else {}
        sheet = SheetParser(self._texts, self._formats, recalculated=self._recalculated, merges=merges)
        size, done = max(1, self._package.size(part)), 0
        for block in self._package.blocks(part):
            done += len(block)
            yield from sheet.feed(block)
            if progress:
                progress(done / size)
        yield from sheet.feed(b"", last=True)
