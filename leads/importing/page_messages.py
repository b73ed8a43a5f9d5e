"""Rewrites messages that mention options of import_leads for the admin's pages, which have form fields instead."""

import re
from collections.abc import Callable
from typing import Final

from leads.importing.columns.fields import LABELS
from leads.importing.phones.regions import region_name


def _choose_region(message: re.Match[str]) -> str:
    return f": choose {region_name(message[1])} as the country of the numbers"


_REPLACEMENTS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r": --region ([A-Z]{2})"), _choose_region),
    (
        re.compile(r": give the one they are in \(--region [A-Z]{2}\)"),
        ": choose the one they are in as the country of the numbers",
    ),
    (re.compile(r"add --encoding (\S+?)([;.])"), r"choose the encoding \1\2"),
    (re.compile(r"Name the encoding that the file was saved in by --encoding\."), "Choose another encoding."),
    (
        re.compile(r"give --region with the country it is in \(for example --region ([A-Z]{2})\)"),
        r"name the country it is in (for example \1)",
    ),
    (re.compile(r"use --format csv or give it"), "give it"),
    (re.compile(r"Unpack it first: .*"), "Unpack it first."),
    (re.compile(r" Name the column, for example --map .*"), ""),
    *(
        (re.compile(rf" --map '.*={name}' reads it\."), f" To read it, choose “{label.capitalize()}” above it.")
        for name, label in LABELS.items()
    ),
    (re.compile(r": --keep-dates makes it the date of the leads\."), ". To keep its dates, choose “Date” above it."),
    (re.compile(r", or say what it means, for example --map-value '.*'\."), ", or choose below what it means."),
    (re.compile(r" Give --date-order dmy or --date-order mdy\."), " Choose the order of day and month in the options."),
    (re.compile(r" --type sets another\."), " Choose another in the options."),
)


def page_message(text: str) -> str:
    """Return the message without command-line options."""
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text
