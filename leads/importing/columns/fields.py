"""The fields of a lead that a file may have, how a person wants them to be read, and the columns that have them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.columns.dates import BadDate, Dates
from leads.importing.columns.names import folded
from leads.importing.columns.picking import NEXT_PHONE
from leads.importing.columns.values import UnknownValue, Values

FIELDS: Final = (
    *("customer_phone", "customer_name", "type", "details", "status", "external_id"),
    *("created_at", "country"),
)
# In English, as messages have them.
LABELS: Final[Mapping[str, str]] = {
    "customer_phone": gettext_noop("customer's phone"),
    "customer_name": gettext_noop("customer's name"),
    "type": gettext_noop("type"),
    "details": gettext_noop("details"),
    "status": gettext_noop("status"),
    "external_id": gettext_noop("external id"),
    "created_at": gettext_noop("date"),
    "country": gettext_noop("country of the phone"),
}
# The columns that errors_file.py adds to refused rows; the second where the file has a column of the first itself.
REPORTS: Final = (("line", "field", "reason"), ("import_line", "import_field", "import_reason"))
# Limits of a message about columns: a file without a header has a customer's data instead of column names.
_SHOWN_COLUMNS: Final = 30
SHOWN_LETTERS: Final = 40

Places = dict[str, tuple[int, ...]]


class UnknownColumns(Exception):
    """Columns of a lead are missing or ambiguous; the message lists the file's columns and says how to map them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a person wants columns to be read.

    `ignore`: the names of columns that are not read. `values`: for type and status, what values of the file mean.
    `keep_dates`: whether the date of a row becomes its lead's; `date_order` says whether its day or month comes first,
    None to judge by the column. `defaults`: what new leads have where the row does not say it. `updates`: an external
    id is enough to find the lead of a row.
    """

    ignore: Sequence[str] = ()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keep_dates: bool = False
    date_order: str | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    updates: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that the fields of a lead are read from.

    `pick(cells)` returns the values of `fields` in their order. `names` has the column names of each field, for a
    preview; `ignored` are the columns that are not read. `values` has our value for each cell of a type or status,
    `dates` reads the dates. `notes` are sentences that say what a person may not expect. `unknown` are the values of
    the first rows whose meaning is not known, by field.
    """

    fields: tuple[str, ...]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    names: dict[str, str]
    ignored: tuple[str, ...]
    places: Places
    values: Mapping[str, Values] = field(default_factory=dict)
    dates: Dates | None = None
    notes: tuple[str, ...] = ()
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def broken_field(self, cells: Sequence[str], broken: Mapping[int, str]) -> tuple[str, str] | None:
        """Return the first field that would be read from a cell without a value (Row.broken), and why, or None."""
        # No cell has a NUL, so it marks a value that is read from such a cell. The digits are as many as a phone's.
        marked = [f"\0{index:08}\0" if index in broken else cell for index, cell in enumerate(cells)]
        for name, value in zip(self.fields, self.pick(marked), strict=True):
            # Of several phones the preferred one alone: others may not be needed.
            if "\0" in (value := value.partition(NEXT_PHONE)[0]):
                return name, broken[int(value.split("\0")[1])]
        return None

    def translate(self, said: dict[str, str]) -> tuple[str, str] | None:
        """Replace type, status and date of a row by our form; return the field that cannot be read and why, or None."""
        for name, values in self.values.items():
            if name in said:
                try:
                    said[name] = values[said[name]]
                except UnknownValue as error:
                    # "?" or "…", as people write for what they do not know.
                    if folded(said[name]):
                        return name, str(error)
                    del said[name]
        if self.dates is not None and "created_at" in said:
            try:
                said["created_at"] = self.dates.read(said["created_at"]).isoformat()
            except BadDate as error:
                return "created_at", str(error)
        return None


def found_columns(header: Sequence[str]) -> str:
    """A sentence that names the file's columns."""
    names = [name.strip()[:SHOWN_LETTERS] for name in header if name.strip()]
    shown = [f"“{name}”" for name in names[:_SHOWN_COLUMNS]]
    columns = ", ".join([*shown, "…"] if len(names) > _SHOWN_COLUMNS else shown)
    return gettext_noop("The file's columns are %(columns)s.") % {"columns": columns}
