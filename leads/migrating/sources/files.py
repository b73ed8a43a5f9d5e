"""Opens what the command is given: a dump, CSV files, a folder of them, or the address of a database."""

import csv
import gzip
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from leads.migrating.sources.databases import read_database
from leads.migrating.sources.dumps import read_dump
from leads.migrating.sources.records import NAMES, TABLES, Record, UnreadableSource

_GZIP: Final = b"\x1f\x8b"
_ARCHIVE: Final = b"PGDMP"
_TAR: Final = b"toc.dat"
CELL_MAX_LENGTH: Final = 2**24
_ADDRESS: Final = re.compile(r"postgres(?:ql)?://")
# leads.csv; leads_rows.csv of the Studio's table editor; public_leads.csv; leads-2026-11-28.csv.
_FILE_NAME: Final = re.compile(
    r"(?:public[._])?(conversations|leads|messages|users|profiles)(?:[._ -].*)?\.(csv|sql)(?:\.gz)?", re.IGNORECASE
)


def read_source(source: str | None, files: Mapping[str, str]) -> Iterator[Record]:
    """Yield the rows of a source (a dump, a folder or an address) and of the files given for single tables.

    Raises UnreadableSource, OSError.
    """
    if source is not None and _ADDRESS.match(source):
        yield from read_database(source)
    elif source is not None and Path(source).is_dir():
        yield from _read_folder(Path(source))
    elif source is not None:
        yield from _read_file(Path(source), table=_table_in_name(Path(source)))
    for table, name in files.items():
        yield from _read_file(Path(name), table=table)


def _table_in_name(path: Path) -> str | None:
    found = _FILE_NAME.fullmatch(path.name)
    return NAMES[found[1].lower()] if found else None


def _read_folder(folder: Path) -> Iterator[Record]:
    if (folder / "toc.dat").exists():
        raise _archive(folder)
    named = [(table, path) for path in sorted(folder.iterdir()) if (table := _table_in_name(path)) is not None]
    # Twice the same table would be read as doubles.
    order = {table: n for n, table in enumerate(("users", *TABLES))}
    if not any(table in TABLES for table, _ in named):
        raise UnreadableSource(f"{folder} has no file named leads.csv, conversations.csv or messages.csv.")
    for table, path in sorted(named, key=lambda one: (order[one[0]], one[1])):
        yield from _read_file(path, table=table)


def _archive(path: Path) -> UnreadableSource:
    return UnreadableSource(
        f"{path} is an archive of pg_dump. Make SQL of it: pg_restore --data-only --schema public -f old.sql {path}"
    )


def _read_file(path: Path, *, table: str | None) -> Iterator[Record]:
    with _opened(path) as file:
        beginning = file.peek(4096)[:4096]
        if beginning.startswith((_ARCHIVE, _TAR)):
            raise _archive(path)
        encoding = "utf-16" if beginning[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        # newline="": a cell may contain line ends of its own; in a dump a lone \r is a part of a text.
        with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            try:
                if path.name.lower().removesuffix(".gz").endswith(".csv"):
                    yield from _read_csv(text, path, table)
                else:
                    yield from read_dump(_unix_lines(text))
            except UnicodeDecodeError as error:
                raise UnreadableSource(f"{path} is not in UTF-8: {error.reason}. Export it again in UTF-8.") from error
            except csv.Error as error:
                raise UnreadableSource(f"{path} is not a CSV file: {error}.") from error


def _unix_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines that end with \\n only: a \\r within a line is a part of it."""
    pending = ""
    for piece in text:
        if piece.endswith("\n"):
            yield pending + piece
            pending = ""
        else:
            pending += piece
    if pending:
        yield pending


@contextmanager
def _opened(path: Path) -> Iterator["io.BufferedReader[Any]"]:
    """Yield the file, unpacked where it is packed by gzip. Raises OSError."""
    with path.open("rb") as packed:
        if packed.peek(2)[:2] != _GZIP:
            yield packed
            return
        with gzip.open(packed) as unpacked, io.BufferedReader(cast(io.RawIOBase, unpacked)) as file:
            yield file


def _read_csv(text: io.TextIOWrapper, path: Path, table: str | None) -> Iterator[Record]:
    if table is None:
        raise UnreadableSource(f"Say which table {path} is: --leads, --conversations or --messages {path}.")
    csv.field_size_limit(CELL_MAX_LENGTH)
    first = text.readline()
    delimiter = max(",;\t", key=first.count)
    columns = tuple(next(csv.reader([first], delimiter=delimiter), ()))
    reader = csv.reader(text, delimiter=delimiter)
    line = 2
    for cells in reader:
        if cells:
            # The table editor writes NULL as an empty cell.
            yield Record(table, columns, line, [cell or None for cell in cells])
        line = reader.line_num + 2
