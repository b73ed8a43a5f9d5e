"""Rewrites messages that mention options of import_leads for the admin's pages, which have form fields instead."""

import re
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.columns.fields import LABELS
from leads.importing.phones.shown_names import shown_region
from leads.models import Lead
from leadsite.languages.texts import either, shown


def _choose_region(message: re.Match[str]) -> str:
    return f": choose {shown_region(message[1])} as the country of the numbers"


def _name_region(message: re.Match[str]) -> str:
    return shown_region(message[1])


def _name_regions(message: re.Match[str]) -> str:
    return either([shown_region(region) for region in re.findall(r"[A-Z]{2}", message[0])])


def _name_leads(message: re.Match[str]) -> str:
    return _LEAD.sub(lambda lead: f"{Lead.Type(lead[1]).label} · {Lead.Status(lead[2]).label}", message[0])


_LEAD: Final = re.compile(rf"({'|'.join(Lead.Type.values)}) ({'|'.join(Lead.Status.values)})")
_REPLACEMENTS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r": --region ([A-Z]{2})"), _choose_region),
    (re.compile(r"(?<=is not a phone number in ).+? \(([A-Z]{2})\)"), _name_region),
    (re.compile(r"(?<= valid in )(?:[A-Z]{2}, )*[A-Z]{2} or [A-Z]{2}(?=: )"), _name_regions),
    (re.compile(r"(?<=leads that this row may be about \()[^)]+"), _name_leads),
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


# The sentences that come of it, and those that are put together of parts: to be translated.
SENTENCES: Final = (
    gettext_noop("The number has no country code."),
    gettext_noop("Numbers have no country code."),
    gettext_noop("Write it with a plus sign and country code, or name the country it is in (for example %(country)s)."),
    gettext_noop("%(valid)s of %(total)s number is valid in %(countries)s: %(advice)s."),
    gettext_noop("%(valid)s of %(total)s numbers is valid in %(countries)s: %(advice)s."),
    gettext_noop("%(valid)s of %(total)s numbers are valid in %(countries)s: %(advice)s."),
    gettext_noop("choose %(country)s as the country of the numbers"),
    gettext_noop("choose the one they are in as the country of the numbers"),
    gettext_noop("In %(rows)s the number of the first phone column cannot be used: that of another is."),
    gettext_noop("1 cell has several phone numbers: the first usable one is the customer's."),
    gettext_noop("%(count)s cells have several phone numbers: the first usable one is the customer's."),
    gettext_noop("“%(column)s” has phone numbers, and is read as customer_phone."),
    gettext_noop("“%(column)s” is not read."),
    gettext_noop("To keep its dates, choose “Date” above it."),
    gettext_noop("To read it, choose “%(field)s” above it."),
    gettext_noop("“%(column)s” is not read: most of its values, such as “%(example)s”, are no %(field)s of ours."),
    gettext_noop("“%(column)s” is not read: several customers have the same value, so it is no id of a lead."),
    gettext_noop("“%(column)s” is translated: %(values)s."),
    gettext_noop("No column for %(field)s."),
    gettext_noop("The file's columns are %(columns)s."),
    gettext_noop("The dates of “%(column)s” cannot be read: %(error)s."),
    gettext_noop("Choose the order of day and month in the options."),
    gettext_noop("No column has the type: new leads are of the type inquiry."),
    gettext_noop("Choose another in the options."),
    gettext_noop("No column has the customer's name: new customers have no name."),
    gettext_noop("%(count)s of the first %(rows)s rows has no name: new customers of such rows have none."),
    gettext_noop("%(count)s of the first %(rows)s rows have no name: new customers of such rows have none."),
    gettext_noop("Must be one of %(values)s, and not “%(value)s”."),
    gettext_noop("Correct it, or choose below what it means."),
    gettext_noop("Line %(line)s is not %(encoding)s text (byte %(byte)s of the file)."),
    gettext_noop("Choose another encoding."),
    gettext_noop(
        "If it was saved on Windows in western Europe or America, choose the encoding cp1252; otherwise name the"
        " encoding it was saved in (cp1250, cp1251, shift_jis …), or save it again as UTF-8."
    ),
)
# The name of a column, and what is wrong with its cell.
_CELL: Final = re.compile(r"(“.*?”|Column \d+)((?: \(cell [A-Z]+\d+\))?) (.*)", re.DOTALL)


def page_message(text: str) -> str:
    """Return the message without command-line options, in the language of the page."""
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    said = shown(text)
    if said == text and (found := _CELL.fullmatch(text)):
        return f"{shown(found[1])}{found[2]} {shown(found[3])}"
    return said
