"""Reads rows with the columns that were found in their file."""

from leads.importing.columns.fields import Reading
from leads.importing.columns.mapping import map_columns


def read(header, *rows, mapping=(), **reading):
    """What each row says, by field; blank fields are left out."""
    columns = map_columns(header, dict(mapping), sample=rows, reading=Reading(**reading))
    found = [dict(zip(columns.fields, columns.pick(row), strict=True)) for row in rows]
    return [{name: value for name, value in row.items() if value} for row in found], columns
