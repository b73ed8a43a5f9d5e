"""Finds the columns of one file, and says what a person may not expect of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from conversations.visible_text import visible_text
from leads.importing.columns.dates import Dates, UnclearDates
from leads.importing.columns.fields import (
    FIELDS,
    REPORTS,
    SHOWN_LETTERS,
    Columns,
    Places,
    Reading,
    UnknownColumns,
    found_columns,
)
from leads.importing.columns.guessing import (
    SEVERAL,
    candidates,
    phones_by_cells,
    without_other_values,
    without_repeated_ids,
)
from leads.importing.columns.picking import how_joined, labels_of, picker, reader_of
from leads.importing.columns.values import CHOICES, Values
from leads.importing.readers.rows import LOST

_SHOWN_VALUES: Final = 10


class Finder:
    """Finds the columns of one file; `notes` gathers the sentences about them."""

    def __init__(self, header: Sequence[str], sample: Sequence[Sequence[str]], reading: Reading) -> None:
        self.header, self.sample, self.reading = header, sample, reading
        self.values = {name: Values(name, reading.values.get(name, {})) for name in CHOICES}
        self.notes: list[str] = []

    def places(self, chosen: Mapping[str, Sequence[int]], free: Collection[int]) -> Places:
        """Return the columns of each field: those that a person chose, and guessed ones among `free`."""
        places: Places = {name: tuple(indexes) for name, indexes in chosen.items()}
        guessed = candidates(self.header, free)
        if not guessed.get("customer_phone") and "customer_phone" not in places:
            guessed |= self._phones_by_cells(free)
        for name, indexes in guessed.items():
            if name not in places and (kept := self._kept(name, indexes, places, guessed)):
                places[name] = tuple(kept if name in SEVERAL else kept[:1])
        return places

    def _phones_by_cells(self, free: Collection[int]) -> dict[str, list[int]]:
        found = phones_by_cells(self.header, free, self.sample)
        if found:
            self.notes.append(f"“{self.header[found[0]].strip()}” has phone numbers, and is read as customer_phone.")
        return {"customer_phone": found} if found else {}

    def columns(self, places: Places) -> Columns:
        """Return the columns with their readers. Raises UnknownColumns where dates cannot be read."""
        dates = self._dates(places)
        values = {name: values for name, values in self.values.items() if name in places}
        self._tell_values(places)
        self._tell_missing(places)
        fields = tuple(name for name in FIELDS if name in places)
        labels = labels_of(self.header, places.get("customer_phone", ())).values()
        read = {*labels, *(index for indexes in places.values() for index in indexes)}
        return Columns(
            fields=fields,
            pick=picker([reader_of(name, places[name], self.header) for name in fields]),
            names={name: how_joined(name, [self.header[index] for index in places[name]]) for name in fields},
            ignored=tuple(name for index, name in enumerate(self.header) if index not in read and name.strip()),
            places=places,
            values=values,
            dates=dates,
            notes=tuple(self.notes),
            unknown={name: found for name in values if (found := self.values[name].unknown(self._cells(places, name)))},
        )

    def _kept(
        self, name: str, indexes: Sequence[int], places: Places, guessed: Mapping[str, Sequence[int]]
    ) -> list[int]:
        """Of the guessed columns of a field, those whose cells may be what their names say."""
        if name in CHOICES and not self._was_read(name):
            kept, notes = without_other_values(name, indexes, self.header, self.sample, self.values[name])
        elif name == "external_id":
            phones = places.get("customer_phone") or guessed.get("customer_phone", ())
            kept, notes = without_repeated_ids(indexes, self.header, self.sample, phones)
        elif name == "created_at" and not self.reading.keep_dates:
            kept, notes = (
                [],
                [f"“{self.header[indexes[0]].strip()}” is not read: --keep-dates makes it the date of the leads."],
            )
        else:
            kept, notes = list(indexes), []
        self.notes.extend(notes)
        return kept

    def _dates(self, places: Places) -> Dates | None:
        if "created_at" not in places:
            if self.reading.keep_dates:
                raise UnknownColumns(
                    f"No column for created_at. {found_columns(self.header)} Name the column, for example"
                    " --map 'COLUMN=created_at'."
                )
            return None
        try:
            return Dates(self._cells(places, "created_at"), self.reading.date_order)
        except UnclearDates as error:
            name = self.header[places["created_at"][0]].strip()
            raise UnknownColumns(
                f"The dates of “{name}” cannot be read: {error}. Give --date-order dmy or --date-order mdy."
            ) from error

    def _tell_values(self, places: Places) -> None:
        for name, values in self.values.items():
            if translated := values.translated(self._cells(places, name)):
                shown = [
                    f"“{cell[:SHOWN_LETTERS]}” as {ours}" for cell, ours in list(translated.items())[:_SHOWN_VALUES]
                ]
                more = ", …" if len(translated) > len(shown) else ""
                column = self.header[places[name][0]].strip()
                self.notes.append(f"“{column}” is translated: {', '.join(shown)}{more}.")

    def _tell_missing(self, places: Places) -> None:
        if "customer_phone" not in places:
            # Updates by external id, which create no lead.
            return
        if "type" not in places and "type" not in self.reading.defaults:
            self.notes.append("No column has the type: new leads are of the type inquiry. --type sets another.")
        if "customer_name" not in places:
            self.notes.append("No column has the customer's name: new customers have no name.")
        elif nameless := self._nameless(places["customer_name"]):
            have = "has" if nameless == 1 else "have"
            self.notes.append(
                f"{nameless} of the first {len(self.sample)} rows {have} no name: new customers of such rows have none."
            )

    def _nameless(self, indexes: Sequence[int]) -> int:
        """The rows of the sample without a name, except those that are refused because the name's cell is broken."""
        pick = picker([reader_of("customer_name", indexes, self.header)])
        return sum(
            not visible_text(value)
            for row in self.sample
            if not any(row[index] is LOST for index in indexes)
            for value in pick(row)
        )

    def _was_read(self, name: str) -> bool:
        """Whether these are rows that an import has refused because of this field: then its column was read."""
        for report in REPORTS:
            if tuple(self.header[-len(report) :]) == report:
                place = len(self.header) - len(report) + report.index(report[1])
                return any(row[place] == name for row in self.sample)
        return False

    def _cells(self, places: Places, name: str) -> list[str]:
        return [row[index] for index in places.get(name, ()) for row in self.sample]
