"""The phone column of one file, whose numbers without country code are read as the whole column says."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from conversations.phone import E164_PATTERN, PHONE_RULE
from leads.importing.cells import BadCell
from leads.importing.columns.fields import Columns
from leads.importing.columns.picking import NEXT_PHONE
from leads.importing.phones.judging import Judgment, judge_phones
from leads.importing.phones.plans import is_assigned
from leads.importing.phones.reading import bare_digits, is_full, is_international, read_in_region, read_international
from leads.importing.phones.regions import region_of_country
from leads.importing.phones.splitting import has_extension, numbers_in, without_ending
from leads.importing.readers.rows import Row

_E164: Final = re.compile(E164_PATTERN)


class PhoneColumn:
    """Reads the cells of a file's phone columns. `several` counts the cells with more than one number so far, `others`
    the rows whose first number cannot be used and whose phone is that of another column.

    `region` (regions.read_region) is the country that a person gave for numbers without country code.
    """

    def __init__(self, *, region: str | None = None, judgment: Judgment | None = None) -> None:
        self._region = region
        self.judgment = judgment or Judgment()
        self.several = self.others = 0
        self._without_country = 0

    def read(self, cell: str, country: str = "") -> str:
        """Return the first usable number of a cell in E.164, or of the cells of several columns (joined by NEXT_PHONE).
        `country`: what the row says about its country, which takes precedence over the region. A number with plus sign
        or 00 is what it is, whatever both say.

        Raises BadCell with the reason of the first number where none can be used.
        """
        if _E164.fullmatch(cell):
            return cell
        region = (region_of_country(country) if country else None) or self._region
        reasons: list[BadCell] = []
        for place, column in enumerate(cell.split(NEXT_PHONE)):
            try:
                phone = self._read_cell(column, region)
            except BadCell as reason:
                reasons.append(reason)
            else:
                self.others += place > 0
                return phone
        raise reasons[0]

    def _read_cell(self, cell: str, region: str | None) -> str:
        numbers = numbers_in(cell)
        self.several += len(numbers) > 1
        reasons: list[BadCell] = []
        for number in numbers:
            try:
                return self._read_number(number, region)
            except BadCell as reason:
                reasons.append(reason)
        raise reasons[0]

    def _read_number(self, number: str, region: str | None) -> str:
        if first := without_ending(number):
            with suppress(BadCell):
                phone = self._read_number(first, region)
                if is_assigned(phone):
                    return phone
        if is_international(number) or has_extension(number):
            return read_international(number)
        digits = bare_digits(number)
        if digits is None:
            raise BadCell(PHONE_RULE)
        if region:
            return read_in_region(number, region)
        if self.judgment.full and is_full(digits):
            return "+" + digits
        self._without_country += 1
        raise BadCell(self.judgment.advice)

    def notes(self) -> list[str]:
        """Sentences on the cells that were read: those with several numbers, and the region of numbers without."""
        notes = several_notes(self.several)
        if self.others:
            notes.append(
                f"In {_rows(self.others)} the number of the first phone column cannot be used: that of another is."
            )
        if self._without_country and self.judgment.regions:
            notes.append(self.judgment.advice.replace("The number has", "Numbers have", 1))
        return notes


def judge_column(cells: Iterable[tuple[str, str]], *, region: str | None) -> PhoneColumn:
    """Return the reader of a phone column, judged by its first cells, each with its row's country or ""."""
    without = [
        phone.partition(NEXT_PHONE)[0] for phone, country in cells if not (country and region_of_country(country))
    ]
    return PhoneColumn(region=region, judgment=judge_phones(without, compare=region is None))


def judge_rows(sample: Iterable[Row], columns: Columns, *, region: str | None) -> PhoneColumn:
    """Return the reader of a file's phone column, judged by the first rows of the file."""
    if "customer_phone" not in columns.fields:
        return PhoneColumn(region=region)
    rows = (dict(zip(columns.fields, columns.pick(row.cells), strict=True)) for row in sample if row.error is None)
    return judge_column(((row["customer_phone"], row.get("country", "")) for row in rows), region=region)


def several_notes(count: int) -> list[str]:
    """Return a sentence on the cells with several numbers, or none."""
    cells = "1 cell has" if count == 1 else f"{count:,} cells have"
    return [f"{cells} several phone numbers: the first usable one is the customer's."] if count else []


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
