"""Detects the delimiter of a CSV file."""

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Final

from leads.importing.readers.headers import WINDOW, find_header, header_score

DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 2**16
# The first line of a file for Excel in countries with a comma in numbers.
_DECLARED: Final = re.compile(r"[\ufeff\s]*\"?sep=([^\"\r\n])\"?[,;\t| ]*[\r\n]*", re.IGNORECASE)


def declared_delimiter(lines: list[str]) -> str | None:
    """Return the delimiter that the first line names (sep=;), and make that line blank; None where it names none."""
    if lines and (declared := _DECLARED.fullmatch(lines[0])):
        lines[0] = "\n"
        return declared[1]
    return None


def sniff_delimiter(lines: Sequence[str], mapping: Mapping[str, str] | None = None, *, fixed: bool = False) -> str:
    """Return the delimiter with which the header names the most fields, then that with which most of the first records
    have as many cells as the header, then the one with more cells; a comma where the file has one column.

    `fixed`: the first record is the header; otherwise it is found as find_header does. Not csv.Sniffer, which guesses
    from repeated characters and finds delimiters inside words (docs.python.org).
    """
    sample: list[str] = []
    size = 0
    for line in lines:
        size += len(line)
        if size > _SAMPLE and sample:
            break
        sample.append(line)
    return max(DELIMITERS, key=lambda delimiter: _agreement(_records(sample, delimiter), mapping or {}, fixed=fixed))


def _records(sample: Sequence[str], delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        records.extend(csv.reader(sample, delimiter=delimiter, strict=True))
    except csv.Error:
        # A quoted cell that ends after the sample, or a quote that this delimiter leaves inside a cell.
        records = list(csv.reader(sample, delimiter=delimiter))
    return [record for record in records if any(map(str.strip, record))]


def _agreement(records: list[list[str]], mapping: Mapping[str, str], *, fixed: bool) -> tuple[int, float, int]:
    """How many fields the header names with a delimiter, the share of records as wide as it, and its width."""
    start = 0 if fixed else find_header(records[:WINDOW], mapping)
    records = records[start:]
    widths = [len(record) for record in records]
    if not widths or widths[0] < 2:
        return (0, 0, 0)
    # The last record may be incomplete, or extend to the end of the sample.
    counted = widths[:-1] if len(widths) > 2 else widths
    score = header_score(records[0], mapping)
    return (score, sum(width == widths[0] for width in counted) / len(counted), widths[0])
