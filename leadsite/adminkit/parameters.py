"""Reads parameters and form fields of pages; an invalid value counts as missing."""

from uuid import UUID


def read_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
