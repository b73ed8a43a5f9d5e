"""Reads dumps of pg_dump in SQL, line by line: COPY … FROM stdin, and INSERT INTO … (columns) VALUES.

pg_dump writes COPY; `supabase db dump --data-only` writes INSERT with column names, unless --use-copy is given; the
Supabase Studio writes INSERT. Tables that are not ours are skipped.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from leads.migrating.sources.records import NAMES, Record, UnreadableSource

_NAME: Final = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_TABLE: Final = rf"(?:(?P<schema>{_NAME})\s*\.\s*)?(?P<table>{_NAME})"
_COLUMNS: Final = rf"\((?P<columns>\s*{_NAME}(?:\s*,\s*{_NAME})*\s*)\)"
_COPY: Final = re.compile(rf"COPY\s+{_TABLE}\s*(?:{_COLUMNS}\s*)?FROM\s+stdin\s*;", re.IGNORECASE)
_INSERT: Final = re.compile(
    rf"INSERT\s+INTO\s+{_TABLE}\s*(?:{_COLUMNS}\s*)?(?:OVERRIDING\s+\w+\s+VALUE\s+)?VALUES\s*", re.IGNORECASE
)
_CAST: Final = r'(?:\s*::\s*[\w". ]+(?:\[\])?)?'
_VALUE: Final = rf"(?:[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|[^\s,()']+){_CAST}"
_ROW: Final = re.compile(rf"\s*\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)\s*([,;])?", re.DOTALL)
_ONE_VALUE: Final = re.compile(
    rf"(?:[eE]'(?P<escaped>(?:[^'\\]|''|\\.)*)'|'(?P<text>(?:[^']|'')*)'|(?P<bare>[^\s,()']+?)){_CAST}\s*(?:,\s*|$)",
    re.DOTALL,
)
_ROW_MAY_END: Final = re.compile(r"\)\s*(?:ON\s+CONFLICT[^;]*)?[,;]?\s*$", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SCHEMAS: Final = ("public", "")
Lines = Iterator[tuple[int, str]]


def read_dump(lines: Iterable[str]) -> Iterator[Record]:
    """Yield the rows of our tables. `lines` keep their line ends. Raises UnreadableSource."""
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        if found := _COPY.match(line):
            yield from _read_copy(_table_of(found), _columns_of(found), number, numbered)
        elif found := _INSERT.match(line):
            yield from _read_insert(found, number, line[found.end() :], numbered)


def _table_of(found: re.Match[str]) -> str | None:
    """The table's name where it is one of ours. `auth.users` has the e-mails of `public.users`."""
    schema, table = _unquoted(found["schema"] or ""), _unquoted(found["table"])
    if schema in _SCHEMAS or (schema, table) == ("auth", "users"):
        return NAMES.get(table)
    return None


def _columns_of(found: re.Match[str]) -> tuple[str, ...]:
    return tuple(_unquoted(name) for name in re.findall(_NAME, found["columns"] or ""))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _read_copy(table: str | None, columns: tuple[str, ...], start: int, lines: Lines) -> Iterator[Record]:
    for number, line in lines:
        text = line.rstrip("\r\n")
        if text == "\\.":
            return
        if table is not None:
            yield Record(table, columns, number, [_copied(cell) for cell in text.split("\t")])
    raise UnreadableSource(f"The dump is cut off: the data that begins in line {start} has no end. Dump it again.")


def _copied(cell: str) -> str | None:
    if cell == "\\N":
        return None
    return _ESCAPE.sub(_unescape, cell) if "\\" in cell else cell


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1 and code[0] == "x":
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 255)
    return _ESCAPED.get(code, code)


def _read_insert(found: re.Match[str], start: int, rest: str, lines: Lines) -> Iterator[Record]:
    """Read the rows of one statement, each as soon as its lines are complete."""
    table, columns = _table_of(found), _columns_of(found)
    if table is not None and not columns:
        raise UnreadableSource(
            f"Line {start}: the INSERT of {table} does not name its columns. Dump it again without --inserts, or with"
            " --column-inserts."
        )
    number, end, ended = start, "", False
    while not ended:
        rest, rows, end = _complete_rows(rest)
        for cells in rows if table is not None else ():
            yield Record(table or "", columns, number, cells)
        ended = end == ";" or (not end and bool(re.match(r"\s*ON\s+CONFLICT", rest, re.IGNORECASE)))
        if not ended:
            if not rest.strip():
                rest, number = "", number + 1
            try:
                line_number, line = next(lines)
            except StopIteration:
                raise UnreadableSource(
                    f"The dump is cut off: the INSERT that begins in line {start} has no end. Dump it again."
                ) from None
            number = line_number if not rest else number
            rest += line


def _complete_rows(text: str) -> tuple[str, list[list[str | None]], str]:
    """Return what is left after the complete rows at the beginning of the text, the rows, and "," or ";" after them."""
    rows: list[list[str | None]] = []
    end = ""
    if not _ROW_MAY_END.search(text):
        return text, rows, end
    at = 0
    while found := _ROW.match(text, at):
        rows.append([_inserted(value) for value in _ONE_VALUE.finditer(found[1])])
        at, end = found.end(), found[2] or ""
        if end == ";":
            break
    return text[at:], rows, end


def _inserted(found: re.Match[str]) -> str | None:
    if found["text"] is not None:
        return found["text"].replace("''", "'")
    if found["escaped"] is not None:
        return _ESCAPE.sub(_unescape, found["escaped"].replace("''", "'"))
    bare = found["bare"]
    return None if bare.upper() in ("NULL", "DEFAULT") else bare
