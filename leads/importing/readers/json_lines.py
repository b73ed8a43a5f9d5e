"""JSON lines: one object per line (jsonlines.org)."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from leads.importing.columns import field_of
from leads.importing.readers.lines import Lines
from leads.importing.readers.rows import CELL_LIMIT, Row, Unreadable, cell_fault, column_name

# The header is what these first objects have, in the order of first sight.
_SAMPLE_ROWS: Final = 1000
_SAMPLE_SIZE: Final = 4 * CELL_LIMIT
_KEY_LIMIT: Final = 1000
# Numbers keep the digits they were written with: 4915112345678 stays as it is, and 1e400 overflows nothing.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class JsonRows:
    """The header and the rows of a file of JSON lines.

    Of a key that stands twice in one object the last counts. A key that the first objects do not have is ignored,
    unless it is the name of a field.
    """

    def __init__(self, lines: Lines) -> None:
        """Raises Unreadable where the first lines hold no object."""
        self._texts = _numbered(lines)
        self._sample: list[tuple[int, str]] = []
        keys: dict[str, None] = {}
        size = 0
        for line, text in self._texts:
            self._sample.append((line, text))
            keys |= dict.fromkeys(_keys(text))
            size += len(text)
            if len(self._sample) == _SAMPLE_ROWS or size > _SAMPLE_SIZE:
                break
        if not keys:
            raise Unreadable(_no_object(self._sample))
        if len(keys) > _KEY_LIMIT:
            raise Unreadable(f"The first objects have {len(keys)} different keys, which is no list of leads.")
        self.header = list(keys)
        self._known = keys.keys()

    def __iter__(self) -> Iterator[Row]:
        sample, self._sample = self._sample, []
        for line, text in chain(sample, self._texts):
            parsed = _parse(text)
            if isinstance(parsed, str):
                yield Row(line, [text], f"{parsed} The first column here holds the line as it is.")
            elif row := self._row(line, text, parsed):
                yield row

    def _row(self, line: int, text: str, parsed: dict[str, Any]) -> Row | None:
        try:
            cells = [_text(parsed.get(key), text, key) for key in self.header]
        except RecursionError:
            return Row(line, [text], "A value is nested too deeply.")
        fault = self._fault(text, cells, parsed)
        return Row(line, cells, fault) if fault or any(map(str.strip, cells)) else None

    def _fault(self, text: str, cells: list[str], parsed: dict[str, Any]) -> str | None:
        # Only an escape makes what no text file can hold: half of a surrogate pair, a NUL.
        if "\\u" in text or len(text) > CELL_LIMIT:
            for number, cell in enumerate(cells):
                if not _is_unicode(cell):
                    return f"{column_name(self.header, number)} holds half of a surrogate pair, which cannot be stored."
            if fault := cell_fault(self.header, cells):
                return fault
        for key in parsed.keys() - self._known:
            # Lost details would be lost silently; a column that nobody reads is no loss.
            if (value := parsed[key]) is not None and value != "" and field_of(key):
                return f"“{key}” is not among the keys of the file's first objects. Add it to the first one, as null."
        return None


def _numbered(lines: Lines) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    for block in lines:
        for line, text in enumerate(block, start=lines.first):
            if not text.isspace():
                yield line, text.strip()


def _parse(text: str) -> dict[str, Any] | str:
    """The object of a line, or a sentence that says what is wrong with it."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return f"The line is no JSON: {error.msg} at column {error.colno}."
    except RecursionError:
        return "The line is nested too deeply."
    if not isinstance(value, dict):
        return "The line must be a JSON object: {…}."
    return value


def _keys(text: str) -> list[str]:
    """The keys of a line's object; of one with a key that cannot be shown none, nor where the line is no object."""
    parsed = _parse(text)
    return [] if isinstance(parsed, str) else [key for key in parsed if _is_unicode(key) and "\0" not in key]


def _text(value: Any, line: str, key: str) -> str:
    """The cell for a value (numbers are texts by now). Raises RecursionError."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # Once more, as inside of a list a number must not become a text.
    return json.dumps(json.loads(line, parse_int=_whole)[key], ensure_ascii=False)


def _whole(digits: str) -> int | str:
    """Python refuses to make a number of more than 4300 digits (docs.python.org, int max str digits)."""
    return int(digits) if len(digits) <= 4300 else digits


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_object(sample: list[tuple[int, str]]) -> str:
    if not sample:
        return "The file is empty."
    if sample[0][1].startswith("["):
        return "The file is one JSON list. Write one object per line instead, for example with jq -c '.[]' FILE."
    if sample[0][1].startswith("{"):
        return "No line is a JSON object of its own. Write each object on one line, for example with jq -c . FILE."
    return "The file's first lines hold no JSON object with keys. Write one object per line, or say --format csv."
