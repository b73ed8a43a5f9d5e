"""The input file as a table, the options about columns and the list of changes of the command import_leads."""

import hashlib
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from leads.importing.columns.dates import ORDERS
from leads.importing.columns.fields import FIELDS, Columns, Reading, UnknownColumns
from leads.importing.columns.mapping import map_columns
from leads.importing.columns.values import CHOICES
from leads.importing.dry_run import FirstChanges
from leads.importing.readers.files import Layout, Table, UnreadableFile, open_table
from leads.importing.sample import read_sample

_BLOCK: Final = 2**20
_SHOWN_LETTERS: Final = 60


@contextmanager
def open_input(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """Yield the file and its SHA-256; for "-" standard input and "", as it can be read only once. Raises OSError."""
    if name == "-":
        yield sys.stdin.buffer, ""
        return
    with Path(name).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
        file.seek(0)
        yield file, digest.hexdigest()


def add_column_arguments(parser: ArgumentParser) -> None:
    """Add the options that say what is in which column."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=FIELD",
        help=f"what is in a column; several of them for one name, phone or details. Fields: {', '.join(FIELDS)}",
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="COLUMN", help="a column that is not read")
    parser.add_argument(
        "--map-value",
        action="append",
        default=[],
        metavar="FIELD:VALUE=OURS",
        help="what a value of the file means, for example status:Working=contacted or type:Catering=order",
    )
    parser.add_argument("--keep-dates", action="store_true", help="the date of a row becomes the date of its lead")
    parser.add_argument("--date-order", choices=ORDERS, help="whether day or month comes first (default: detected)")


def parse_values(pairs: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return field -> value of the file -> our value for the options FIELD:VALUE=OURS. Raises UnknownColumns."""
    values: dict[str, dict[str, str]] = {}
    for pair in pairs:
        name, colon, rest = pair.partition(":")
        value, equals, ours = rest.rpartition("=")
        name, ours = name.strip(), ours.strip().lower()
        if not colon or not equals or not value.strip() or name not in CHOICES:
            raise UnknownColumns(
                f"--map-value takes FIELD:VALUE=OURS with the field type or status, not {pair!r}. For example"
                " --map-value 'status:Working=contacted'."
            )
        if ours not in CHOICES[name]:
            raise UnknownColumns(f"--map-value {pair!r}: {name} must be one of {', '.join(CHOICES[name])}.")
        values.setdefault(name, {})[value.strip()] = ours
    return values


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Return column -> field for the options COLUMN=FIELD. Raises UnknownColumns."""
    fields = {}
    for pair in pairs:
        column, separator, name = pair.rpartition("=")
        if not separator or not column:
            raise UnknownColumns(f"--map takes COLUMN=FIELD, not {pair!r}.")
        fields[column] = name.strip()
    return fields


def read_table(stream: BinaryIO, options: Mapping[str, Any], reading: Reading) -> tuple[Table, Columns]:
    """Open the file, and judge its columns by its first rows. Raises UnreadableFile, UnknownColumns."""
    mapping = parse_mapping(options["map"])
    table = open_table(
        stream,
        name=options["file"],
        format=options["format"],
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        layout=Layout(options["sheet"], options["header_row"], mapping),
    )
    if table.alike:
        raise UnreadableFile(_choose_sheet(table.alike))
    sample, table = read_sample(table)
    return table, map_columns(table.header, mapping, sample=[row.cells for row in sample], reading=reading)


def reread_table(stream: BinaryIO, options: Mapping[str, Any], reading: Reading) -> tuple[Table, Columns]:
    """As read_table, from the beginning of a file that has been read."""
    stream.seek(0)
    return read_table(stream, options, reading)


def _choose_sheet(names: Sequence[str]) -> str:
    quoted = ", ".join(f"“{name}”" for name in names)
    example = shlex.quote(names[0])
    return f"{len(names)} sheets of the workbook may have leads: {quoted}. Choose one, for example --sheet {example}."


def describe_changes(changes: FirstChanges, *, shown: int) -> Iterator[str]:
    """Yield a line for each row that would change leads or customers: line 12: status new -> contacted."""
    for line, fields in islice(changes.rows.items(), shown):
        yield f"line {line}: " + ", ".join(_change(name, *texts) for name, texts in fields.items())
    if len(changes.rows) > shown:
        counted = ", ".join(f"{name} {count:,}" for name, count in changes.counts.items())
        yield f"… and more; fields that would change: {counted}."


def _change(name: str, before: str, after: str) -> str:
    if name in ("type", "status"):
        return f"{name} {before} -> {after}"
    return f"{name} {_quoted(before)} -> {_quoted(after)}"


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"“{text[: _SHOWN_LETTERS - 1]}…”" if len(text) > _SHOWN_LETTERS else f"“{text}”"
