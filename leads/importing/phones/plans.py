"""Which numbers exist in which country, by the library's numbering plans. Used to judge numbers without country code,
never to refuse a number that has one: the library calls some live Mexican and Brazilian numbers invalid.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneMetadata, PhoneNumberFormat, PhoneNumberType, ValidationResult

from conversations.phone import phone_key
from leads.importing.phones.regions import calling_code

_BRAZIL_WITHOUT_NINTH: Final = re.compile(r"\+(55[1-9][0-9])([6-9][0-9]{7})")
_MOBILE: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
# Digits without country code. The plans of Germany, Austria and others allow landline numbers up to 15, for extensions
# of offices; without this limit nearly every full number would also be a German landline.
USUAL_LANDLINE: Final = 11
# Digits. Shorter numbers that the plan does not know are typing errors or short codes.
_SHORTEST_UNKNOWN: Final = 8
# Ofcom's numbers for films, which are in every example file. The library knows those of other countries.
_FILM_NUMBERS: Final = {"GB": "7700900[0-9]{3}"}


class Kind(IntEnum):
    """How sure a local reading is. POSSIBLE: of the right length, but in no range that the plan knows."""

    POSSIBLE = 1
    LONG_LANDLINE = 2
    LANDLINE = 3
    MOBILE = 4


class Local(NamedTuple):
    """A number as dialled inside a country: in E.164."""

    phone: str
    kind: Kind


def is_assigned(phone: str) -> bool:
    """Whether an E.164 number is an assigned number of the country it begins with.

    2125551234 begins with Morocco's code but is a number in New York. The library calls one of the two forms of
    Mexican and Brazilian mobile numbers invalid, so both are tried.
    """
    return _known_form(phone) is not None


def is_mobile(phone: str) -> bool:
    """Whether an assigned E.164 number is a mobile number, or may be one in countries that do not tell them apart."""
    form = _known_form(phone)
    return form is not None and phonenumbers.number_type(form) in _MOBILE


def _known_form(phone: str) -> phonenumbers.PhoneNumber | None:
    forms = dict.fromkeys((phone, phone_key(phone), _BRAZIL_WITHOUT_NINTH.sub(r"+\g<1>9\2", phone)))
    for form in forms:
        try:
            number = phonenumbers.parse(form)
        except phonenumbers.NumberParseException:
            return None
        if phonenumbers.is_valid_number(number):
            return number
    return None


def read_local(digits: str, region: str) -> Local | None:
    """Return the number that a person in the region reaches by dialling the digits, also where their leading zero is
    lost; None where they are none there. With 011 in front, say, it is a number of another country.
    """
    try:
        number = phonenumbers.parse(digits, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    dialled_abroad = number.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD
    if str(number.country_code) != calling_code(region) and not dialled_abroad:
        return None
    phone = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    length = len(phonenumbers.national_significant_number(number))
    if phonenumbers.is_valid_number(number):
        if phonenumbers.number_type(number) in _MOBILE:
            return Local(phone, Kind.MOBILE)
        return Local(phone, Kind.LANDLINE if length <= USUAL_LANDLINE else Kind.LONG_LANDLINE)
    if length >= _SHORTEST_UNKNOWN and _has_usual_length(number) and not dialled_abroad:
        return Local(phone, Kind.POSSIBLE)
    return None


def _has_usual_length(number: phonenumbers.PhoneNumber) -> bool:
    """Whether the number is as long as mobile or landline numbers of its country, with their area code."""
    return any(
        phonenumbers.is_possible_number_for_type_with_reason(number, kind) == ValidationResult.IS_POSSIBLE
        for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
    )


class _Plan(NamedTuple):
    code: str
    trunk: str  # dialled before a number inside the country: 0, 8, 06 …, or ""
    mobile: re.Pattern[str]
    landline: re.Pattern[str]


def weigh_local(digits: str, region: str) -> int:
    """Return a weight, by patterns only, of the digits as a number dialled in the region, with or without its leading
    zero: 2 for a mobile number, 1 for a landline, 0 for none.
    """
    plan = _plan(region)
    return _weight(plan, (digits, digits.removeprefix(plan.trunk)))


def writes_zero(digits: str, region: str) -> bool:
    """Whether people in the region write this number, which begins with 0, with its zero: not a mobile in China."""
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL).lstrip("(").startswith("0")


def weigh_full(digits: str, region: str) -> int:
    """The same for digits that begin with the region's country code."""
    plan = _plan(region)
    return _weight(plan, (digits[len(plan.code) :],)) if digits.startswith(plan.code) else 0


def _weight(plan: _Plan, numbers: Sequence[str]) -> int:
    if any(map(plan.mobile.fullmatch, numbers)):
        return 2
    return int(any(len(number) <= USUAL_LANDLINE and plan.landline.fullmatch(number) for number in numbers))


def is_local_anywhere(digits: str) -> bool:
    """Whether the digits, the first not 0, are a mobile number or usual landline number dialled inside some country,
    with or without the zero that a spreadsheet has removed. A number with its own country's code does not count.
    """
    return any(_matches(plan, digits) for plan in _plans_of_length(len(digits))) or any(
        _matches(plan, digits[1:]) and plan.code + digits[1:] != digits
        for plan in _plans_of_length(len(digits) - 1)
        if plan.trunk == digits[0]
    )


def _matches(plan: _Plan, number: str) -> bool:
    return plan.mobile.fullmatch(number) is not None or (
        len(number) <= USUAL_LANDLINE and plan.landline.fullmatch(number) is not None
    )


@cache
def _plans_of_length(length: int) -> Sequence[_Plan]:
    """The plans of countries that have numbers of so many digits: a tenth of all, so that few are compiled."""
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        metadata = _metadata(region)
        kinds = (metadata.mobile, metadata.fixed_line) if length <= USUAL_LANDLINE else (metadata.mobile,)
        if any(length in kind.possible_length for kind in kinds if kind is not None):
            found.append(_plan(region))
    return found


@cache
def _plan(region: str) -> _Plan:
    metadata = _metadata(region)
    return _Plan(
        code=calling_code(region),
        trunk=metadata.national_prefix or "",
        mobile=_pattern(metadata.mobile, also=_FILM_NUMBERS.get(region)),
        landline=_pattern(metadata.fixed_line),
    )


def _metadata(region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None  # noqa: S101 - every supported region has some
    return metadata


def _pattern(numbers: phonenumbers.PhoneNumberDesc | None, also: str | None = None) -> re.Pattern[str]:
    """The pattern of a kind of numbers; one that matches nothing where the country has none."""
    pattern = (numbers and numbers.national_number_pattern) or "(?!)"
    return re.compile(f"{pattern}|{also}" if also else pattern)
