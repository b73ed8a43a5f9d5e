"""Judges the phone numbers of a file by its first rows: what the numbers without country code are, as a whole."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS

from conversations.phone import E164_PATTERN, PhoneInvalid, normalise
from leads.importing.cells import BadCell
from leads.importing.phones.plans import is_assigned, is_local_anywhere, weigh_full, weigh_local, writes_zero
from leads.importing.phones.reading import bare_digits, is_international
from leads.importing.phones.regions import calling_code
from leads.importing.phones.splitting import numbers_in

_E164: Final = re.compile(E164_PATTERN)
# Numbers without country code that are looked at; and of these, those by which the countries to compare are chosen.
_JUDGED: Final = 500
_COMPARED: Final = 40
_COUNTRIES: Final = 6
_NAMED: Final = 3
# Of two countries that the numbers may be of equally, the one with more users of WhatsApp is named first.
_COMMON: Final = [
    "IN",
    "BR",
    "ID",
    "US",
    "MX",
    "RU",
    "DE",
    "IT",
    "ES",
    "GB",
    "TR",
    "FR",
    "CO",
    "AR",
    "NG",
    "PK",
    "EG",
    "ZA",
    "NL",
    "PE",
    "CL",
    "MY",
    "SA",
    "AE",
    "MA",
    "PT",
    "CH",
    "AT",
]


@dataclass(frozen=True, slots=True)
class Judgment:
    """What the first rows say about the numbers without country code.

    `full`: they have one, and have only lost the plus sign (read those of which reading.is_full is true). `regions`:
    the countries in which most of them are valid, best first, and `valid` of `total` in the first; none where there is
    no such country. `several`: cells with more than one number.
    """

    full: bool = True
    regions: tuple[str, ...] = ()
    valid: int = 0
    total: int = 0
    several: int = 0

    @property
    def advice(self) -> str:
        """A sentence for refused rows: what to do about numbers without country code."""
        if not self.regions:
            return (
                "The number has no country code. Write it with a plus sign and country code, or give --region with the"
                " country it is in (for example --region DE)."
            )
        *others, last = self.regions
        are = "is" if self.valid == 1 else "are"
        numbers = "number" if self.total == 1 else "numbers"
        counted = f"The number has no country code. {self.valid:,} of {self.total:,} {numbers} {are} valid in"
        if not others:
            return f"{counted} {last}: --region {last}."
        return f"{counted} {', '.join(others)} or {last}: give the one they are in (--region {self.regions[0]})."


def judge_phones(cells: Iterable[str], *, compare: bool = True) -> Judgment:
    """Judge a column by its first cells, without those of rows that name their country. `compare`: find out the region
    of the numbers without country code, which takes half a second.
    """
    bare: list[str] = []
    codes: Counter[str] = Counter()
    several = 0
    for cell in cells:
        with suppress(BadCell):
            # As most come; to look for numbers in it takes ten times as long.
            numbers = [cell] if _E164.fullmatch(cell) else numbers_in(cell)
            several += len(numbers) > 1
            if any(map(is_international, numbers)):
                codes.update(_region_of(numbers))
            elif len(bare) < _JUDGED and (digits := bare_digits(numbers[0])):
                bare.append(digits)
    if not bare or not compare:
        return Judgment(several=several)
    regions, valid = _regions_of(bare, codes)
    return Judgment(_are_full(bare), regions, valid, len(bare), several)


def _are_full(bare: Sequence[str]) -> bool:
    """Whether most of the numbers have a country code without doubt, and hardly any has none."""
    assigned = [digits for digits in bare if digits[0] != "0" and is_assigned("+" + digits)]
    certain = sum(not is_local_anywhere(digits) for digits in assigned)
    return certain * 2 >= len(bare) and (len(bare) - len(assigned)) * 10 <= len(bare)


def _regions_of(bare: Sequence[str], codes: Counter[str]) -> tuple[tuple[str, ...], int]:
    """The regions in which most of the numbers are valid, best first, and the number of these.

    Mobile numbers count twice: permissive plans have landline numbers that begin with anything. Regions that are
    equally likely are decided by the other numbers of the column, which have a country code.
    """
    some = bare[:: len(bare) // _COMPARED + 1]
    rough = Counter({region: sum(_weight(digits, region) for digits in some) for region in SUPPORTED_REGIONS})
    usual = [region for region, _ in codes.most_common(1)]
    likely = dict.fromkeys([*usual, *sorted(rough, key=lambda region: (-rough[region], _order(region)))[:_COUNTRIES]])
    fits = [fit for region in likely if (fit := _fit(bare, region)).valid * 2 > len(bare)]
    best = max((fit.weight for fit in fits), default=0)
    for fit in fits:
        if fit.region in usual and fit.weight * 5 >= best * 4:
            return (fit.region,), fit.valid
    equal = [fit for fit in fits if fit.weight == best]
    names = {fit.region for fit in equal}
    equal = [fit for fit in equal if fit.region == _main(fit.region) or _main(fit.region) not in names]
    zeros = {fit.region: sum(digits[0] == "0" and writes_zero(digits, fit.region) for digits in some) for fit in equal}
    equal = [fit for fit in equal if zeros[fit.region] == max(zeros.values())]
    equal.sort(key=lambda fit: (-fit.evidence, _order(fit.region)))
    return tuple(fit.region for fit in equal[:_NAMED]), equal[0].valid if equal else 0


class _Fit(NamedTuple):
    """How well a region explains the numbers. `evidence`: in how many more ways than by chance."""

    region: str
    valid: int
    weight: int
    evidence: int


def _fit(bare: Sequence[str], region: str) -> _Fit:
    weights = [max(_weight(digits, one) for one in _sharing(region)) for digits in bare]
    code = calling_code(region)
    # A whole column of local numbers that begin with the same two or three digits would be strange; but all German
    # mobile numbers begin with 1, as numbers of the United States do with their country code.
    begin = sum(digits.startswith(code) for digits in bare)
    evidence = begin if len(code) > 1 else -begin
    return _Fit(region, sum(map(bool, weights)), sum(weights), evidence)


def _weight(digits: str, region: str) -> int:
    return max(weigh_local(digits, region), weigh_full(digits, region))


def _sharing(region: str) -> Sequence[str]:
    """The region, and where it is the main one of its country code, those that share it: --region US reads all."""
    return COUNTRY_CODE_TO_REGION_CODE[int(calling_code(region))] if region == _main(region) else (region,)


def _main(region: str) -> str:
    """The region with the most numbers of those with the same country code."""
    return COUNTRY_CODE_TO_REGION_CODE[int(calling_code(region))][0]


def _order(region: str) -> tuple[int, str]:
    return (_COMMON.index(region) if region in _COMMON else len(_COMMON), region)


def _region_of(numbers: Iterable[str]) -> list[str]:
    """The main region of the first number that has a country code; none where that is of no country."""
    for number in filter(is_international, numbers):
        with suppress(PhoneInvalid):
            phone = normalise(number)
            for length in (1, 2, 3):
                if regions := COUNTRY_CODE_TO_REGION_CODE.get(int(phone[1 : 1 + length])):
                    return [region for region in regions[:1] if region in SUPPORTED_REGIONS]
    return []
