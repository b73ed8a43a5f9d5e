"""Regions: the countries of phone numbers, by ISO 3166 code, as --region or a cell of the file names them."""

import unicodedata
from functools import cache, lru_cache
from typing import Final

import phonenumbers

from leads.importing.phones.country_names import ENGLISH, OTHER

_NO_REGION: Final = "001"  # the library's code for numbers of no country, such as satellites


class UnknownRegion(ValueError):
    """No country has this two-letter code."""


def read_region(code: str) -> str:
    """Return the ISO 3166 code of a country in capitals. Raises UnknownRegion."""
    region = code.strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownRegion(f"There is no region “{code}”. Give the country's two letters, for example DE or MX.")
    return region


@cache
def calling_code(region: str) -> str:
    """Return the digits that follow the plus sign in the region's numbers: "49" for DE."""
    return str(phonenumbers.country_code_for_region(region))


def region_name(region: str) -> str:
    """Return the region's name for a page: "Germany (DE)"."""
    name = _english().get(region)
    return f"{name} ({region})" if name else region


@lru_cache(maxsize=4096)
def region_of_country(cell: str) -> str | None:
    """Return the region that a cell names: by code (DE, DEU), name (Germany, Deutschland) or calling code (49, +49).

    None where it names none. A calling code that several countries share gives the one with most numbers: 1 is US.
    """
    text = cell.strip().strip("'\"")
    digits = text.lstrip("+").replace(" ", "").replace("-", "").removesuffix(".0")
    if digits.isascii() and digits.isdigit():
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:6]), (_NO_REGION,))
        return regions[0] if regions[0] != _NO_REGION else None
    if text.upper() in phonenumbers.SUPPORTED_REGIONS:
        return text.upper()
    return _by_name().get(_folded(text))


@cache
def _english() -> dict[str, str]:
    entries = (entry for line in ENGLISH.split("\n") for entry in line.split("|") if entry)
    return dict(entry.split(" ", 1) for entry in entries)


@cache
def _by_name() -> dict[str, str]:
    found = {_folded(name): region for region, name in _english().items()}
    for line in filter(None, OTHER.split("\n")):
        region, names = line.split(" ", 1)
        found |= {_folded(name): region for name in names.split(",")}
    return found


def _folded(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())
