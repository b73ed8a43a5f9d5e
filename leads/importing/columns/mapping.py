"""Maps the columns of a file to the fields of a lead, by their names and values or as chosen by a person."""

from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext_noop

from leads.importing.columns.fields import FIELDS, LABELS, Columns, Places, Reading, UnknownColumns, found_columns
from leads.importing.columns.finding import Finder
from leads.importing.columns.guessing import SEVERAL, candidates
from leads.importing.columns.names import folded


def map_columns(
    header: Sequence[str],
    mapping: Mapping[str, str],
    *,
    sample: Sequence[Sequence[str]] = (),
    reading: Reading | None = None,
) -> Columns:
    """Find the fields of a lead in a file.

    `mapping` is column -> field as given by a person; it overrides the known names. `sample` are the cells of the first
    rows: a column that was guessed and has other values than ours is not read.

    Raises UnknownColumns for a mapping with an unknown column or field, where the phone has no column, and where dates
    are to be kept and cannot be read.
    """
    reading = reading or Reading()
    chosen = _mapped(header, mapping)
    taken = {index for indexes in chosen.values() for index in indexes} | _ignored(header, reading.ignore)
    finder = Finder(header, sample, reading)
    columns = finder.columns(finder.places(chosen, free=set(range(len(header))) - taken))
    if missing := _missing(columns.fields, updates=reading.updates):
        raise UnknownColumns(
            gettext_noop(
                "No column for %(missing)s. %(found_columns)s Name the column, for example --map 'COLUMN=%(missing)s'."
            )
            % {"missing": missing, "found_columns": found_columns(header)}
        )
    return columns


def place_columns(
    header: Sequence[str], fields: Sequence[str | None] | None, *, sample: Sequence[Sequence[str]], reading: Reading
) -> Columns:
    """Map columns to the fields that a person chose, or as map_columns guesses where `fields` is None; a column with
    None is not read. Phone, name and details may have several columns.

    Raises UnknownColumns where the phone has no column, for another field that is chosen twice, and where dates cannot
    be read.
    """
    finder = Finder(header, sample, reading)
    everything = set(range(len(header)))
    if fields is None:
        columns = finder.columns(finder.places({}, free=everything))
    else:
        places = _chosen(header, fields)
        # For the sentences about columns that would be read by their names alone.
        finder.places(places, free=everything - {index for indexes in places.values() for index in indexes})
        columns = finder.columns(places)
    if missing := _missing(columns.fields, updates=reading.updates):
        raise UnknownColumns(
            gettext_noop("No column is the %(labels)s. Choose it above its column.") % {"labels": LABELS[missing]}
        )
    return columns


def guess_fields(header: Sequence[str], sample: Sequence[Sequence[str]], reading: Reading) -> list[str | None]:
    """Return for each column the field that it is read as where a person chose none."""
    fields: list[str | None] = [None] * len(header)
    for name, indexes in Finder(header, sample, reading).places({}, free=range(len(header))).items():
        for index in indexes:
            fields[index] = name
    return fields


def _chosen(header: Sequence[str], fields: Sequence[str | None]) -> Places:
    places: Places = {}
    for index, name in enumerate(fields[: len(header)]):
        if name is not None:
            places[name] = (*places.get(name, ()), index)
    for name, indexes in places.items():
        if name not in FIELDS:
            raise UnknownColumns(gettext_noop("There is no field “%(name)s”.") % {"name": name})
        if len(indexes) > 1 and name not in SEVERAL:
            raise UnknownColumns(
                gettext_noop("%(indexes)s columns are mapped to the %(labels)s. Choose one.")
                % {"indexes": len(indexes), "labels": LABELS[name]}
            )
    # The known ones in the order of preference, after those that a person alone could know.
    for name, guessed in candidates(header, range(len(header))).items():
        if name in places:
            own = [index for index in places[name] if index not in guessed]
            places[name] = (*own, *(index for index in guessed if index in places[name]))
    return places


def _missing(fields: Collection[str], *, updates: bool) -> str:
    """The field that needs a column and has none, or ""."""
    if "customer_phone" in fields or (updates and "external_id" in fields):
        return ""
    return "customer_phone"


def _mapped(header: Sequence[str], mapping: Mapping[str, str]) -> Places:
    """The columns that a person mapped, found by their exact names or else by their folded names."""
    places: Places = {}
    for column, name in mapping.items():
        if name not in FIELDS:
            raise UnknownColumns(
                gettext_noop("There is no field “%(name)s”. The fields are %(value)s.")
                % {"name": name, "value": ", ".join(FIELDS)}
            )
        if name in places and name not in SEVERAL:
            raise UnknownColumns(gettext_noop("Two columns are mapped to %(name)s. Name one.") % {"name": name})
        indexes = _indexes(header, column)
        if len(indexes) > 1 and name not in SEVERAL:
            raise UnknownColumns(
                gettext_noop("The file has %(indexes)s columns “%(column)s”. Rename the one to be read.")
                % {"indexes": len(indexes), "column": column}
            )
        if any(index in taken for taken in places.values() for index in indexes):
            raise UnknownColumns(
                gettext_noop("The column “%(column)s” is mapped twice. It can be only one field.") % {"column": column}
            )
        places[name] = (*places.get(name, ()), *indexes)
    return places


def _ignored(header: Sequence[str], names: Sequence[str]) -> set[int]:
    return {index for name in names for index in _indexes(header, name)}


def _indexes(header: Sequence[str], column: str) -> list[int]:
    """The columns of this name. Raises UnknownColumns."""
    indexes = [index for index, name in enumerate(header) if name.strip() == column.strip()]
    if not indexes and folded(column):
        indexes = [index for index, name in enumerate(header) if folded(name) == folded(column)]
    if not indexes:
        raise UnknownColumns(
            gettext_noop("The file has no column “%(column)s”. %(found_columns)s")
            % {"column": column, "found_columns": found_columns(header)}
        )
    return indexes
