"""Reads JSON lines: one object per line (jsonlines.org)."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from django.utils.translation import gettext_noop

from leads.importing.columns.names import field_of
from leads.importing.readers.lines import Lines
from leads.importing.readers.rows import ABSENT, CELL_LIMIT, Row, UnreadableFile, cell_error, column_name

# The header has the keys of these first objects, in the order of their first occurrence.
_SAMPLE_ROWS: Final = 1000
_SAMPLE_SIZE: Final = 4 * CELL_LIMIT
_KEY_LIMIT: Final = 1000
# Numbers are kept as text: 4915112345678 keeps its digits, and 1e400 does not overflow.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class JsonRows:
    """The header and the rows of a file of JSON lines.

    Of a key that occurs twice in one object the last value is used. A key that the first objects do not have is
    ignored, unless it is the name of a field: then the row is refused.
    """

    def __init__(self, lines: Lines) -> None:
        """Raises UnreadableFile where the first lines have no object."""
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
            raise UnreadableFile(_no_object(self._sample))
        if len(keys) > _KEY_LIMIT:
            raise UnreadableFile(
                gettext_noop("The first objects have %(keys)s different keys: this is not a list of leads.")
                % {"keys": len(keys)}
            )
        self.header = list(keys)
        self._known = keys.keys()

    def __iter__(self) -> Iterator[Row]:
        sample, self._sample = self._sample, []
        for line, text in chain(sample, self._texts):
            parsed = _parse(text)
            if isinstance(parsed, str):
                yield Row(
                    line,
                    [text],
                    gettext_noop("%(parsed)s The first column here has the unchanged line.") % {"parsed": parsed},
                )
            elif row := self._row(line, text, parsed):
                yield row

    def _row(self, line: int, text: str, parsed: dict[str, Any]) -> Row | None:
        try:
            cells = self._cells(text, parsed)
        except RecursionError:
            return Row(line, [text], gettext_noop("A value is nested too deeply."))
        error = self._row_error(text, cells, parsed)
        return Row(line, cells, error) if error or any(map(str.strip, cells)) else None

    def _cells(self, text: str, parsed: dict[str, Any]) -> list[str]:
        """Numbers were parsed as text. Raises RecursionError."""
        nested: dict[str, Any] = {}
        if any(isinstance(parsed.get(key), (dict, list)) for key in self.header):
            # Parsed again, once, because numbers inside of a list must not become texts.
            nested = json.loads(text, parse_int=_whole)
        return [_text(parsed[key], nested.get(key)) if key in parsed else ABSENT for key in self.header]

    def _row_error(self, text: str, cells: list[str], parsed: dict[str, Any]) -> str | None:
        # Only an escape can produce what a text file cannot contain: a lone surrogate, a NUL.
        if "\\u" in text or len(text) > CELL_LIMIT:
            for number, cell in enumerate(cells):
                if not _is_unicode(cell):
                    return gettext_noop("%(column_name)s has a lone surrogate, which cannot be stored.") % {
                        "column_name": column_name(self.header, number)
                    }
            if error := cell_error(self.header, cells):
                return error
        for key in parsed.keys() - self._known:
            # A value of a field must not be dropped silently; other keys are not imported anyway.
            if (value := parsed[key]) is not None and value != "" and field_of(key) not in (None, "created_at"):
                return gettext_noop(
                    "“%(key)s” is not among the keys of the file's first objects. Add it to the first one, as null."
                ) % {"key": key}
        return None


def _numbered(lines: Lines) -> Iterator[tuple[int, str]]:
    """The non-blank lines, with their numbers."""
    for block in lines:
        for line, text in enumerate(block, start=lines.first):
            if not text.isspace():
                yield line, text.strip()


def _parse(text: str) -> dict[str, Any] | str:
    """Return the object of a line, or a sentence that says what is wrong with the line."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return gettext_noop("The line is not JSON: %(msg)s at column %(colno)s.") % {
            "msg": error.msg,
            "colno": error.colno,
        }
    except RecursionError:
        return gettext_noop("The line is nested too deeply.")
    if not isinstance(value, dict):
        return gettext_noop("The line must be a JSON object: {…}.")
    return value


def _keys(text: str) -> list[str]:
    """The keys of a line's object that can be stored; none where the line is not an object."""
    parsed = _parse(text)
    return [] if isinstance(parsed, str) else [key for key in parsed if _is_unicode(key) and "\0" not in key]


def _text(value: Any, nested: Any) -> str:
    """Return the cell for a value; `nested` is the same where it is an object or a list, with its numbers."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(nested, ensure_ascii=False)


def _whole(digits: str) -> int | str:
    """Return an int; the text where it has more digits than Python converts (docs.python.org, int max str digits)."""
    return int(digits) if len(digits) <= 4300 else digits


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_object(sample: list[tuple[int, str]]) -> str:
    if not sample:
        return gettext_noop("The file is empty.")
    if sample[0][1].startswith("["):
        return gettext_noop(
            "The file is one JSON array. Write one object per line instead, for example with jq -c '.[]' FILE."
        )
    if sample[0][1].startswith("{"):
        return gettext_noop(
            "No line is a JSON object of its own. Write each object on one line, for example with jq -c . FILE."
        )
    return gettext_noop(
        "The file's first lines have no JSON object with keys. Write one object per line, or use --format csv."
    )
