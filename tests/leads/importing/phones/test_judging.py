"""The judgment of a column, and what follows from it: nobody gets a number of another country than their own."""

from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leads.importing.cells import BadCell
from leads.importing.phones.columns import judge_column
from leads.importing.phones.judging import Judgment, judge_phones
from tests.cases import each_case

GERMAN = ["15123460001", "15734660002", "17634660003", "16023460004", "15202460005"]


def ninety() -> list[str]:
    """83 German mobile numbers as people and Excel write them, and seven cells with other numbers."""
    ways = ("0151 23{:06}", "1512 3{:06}", "(0176) 34{:06}", "0160/23{:06}")
    typed = [ways[number % len(ways)].format(460000 + number) for number in range(83)]
    return [*typed, "0111111", "1111111111111", "0123 0", "02222", "11111", "99999", "011111"]


@each_case(
    ("cells", "regions"),
    [
        (ninety(), ("DE",)),
        # The other numbers of the column decide, be they written with + or 00.
        (["01512 3400032", "p:+4915123400030", "0049 151 23400031"], ("DE",)),
        # A German mobile number without its zero, a number of the United States with their code.
        (GERMAN, ("DE", "US")),
        (["2125551234", "(415) 555-2671", "512-555-2673", "1 305 555 2674"], ("US",)),
        (["416 555 1234", "604 555 1234"], ("CA",)),
        (["55 1234 5678", "33 1234 5678", "8112345678"], ("MX",)),
        (["(11) 98765-4321", "21987654321", "(51) 3333-4444"], ("BR",)),
        (["9876543210", "8876543210", "7876543210"], ("IN",)),
        (["05321234567", "5331234567"], ("TR",)),
        (["07911 123456", "7700900123"], ("GB", "IQ")),
        # A small country's numbers with code: shorter than others without.
        (["4520123456", "4530123456", "4551234567", "4551234568"], ("DK", "MX", "FI")),
        (["34612345678", "34698765432", "34711223344"], ("ES",)),
        (["12"], ()),
        (["+4915123400030", "", "-", "n/a", "someone@example.com"], ()),
    ],
)
def test_the_countries_of_numbers_without_country_code(cells, regions):
    assert judge_phones(cells).regions == regions


def test_the_advice_has_the_counts():
    assert judge_phones(ninety()).advice == (
        "The number has no country code. 83 of 90 numbers are valid in DE: --region DE."
    )
    assert judge_phones(GERMAN).advice == (
        "The number has no country code. 5 of 5 numbers are valid in DE or US: give the one they are in (--region DE)."
    )
    assert judge_phones(["0151 23400032", "+4915123400030"]).advice == (
        "The number has no country code. 1 of 1 number is valid in DE: --region DE."
    )
    assert "with a plus sign and country code, or give --region" in Judgment().advice


@pytest.mark.parametrize(
    ("cells", "full"),
    [
        ([f"4915123400{number}" for number in range(110, 140)], True),
        (["4915123400110", "5215512340111", "447911123456", "919876543210", "34600000021", "15125552673"], True),
        ([*["4915123400110"] * 10, "015123400111"], True),
        ([*["4915123400110"] * 8, "015123400111"], False),
        ([*["4915123400110"] * 8, "12345"], False),
        (GERMAN, False),
        (["4915123400110", "34600000021", "15125552673"], False),
        (["+4915123400110", "p:+4915123400030"], True),
    ],
)
def test_a_column_of_full_numbers(cells, full):
    assert judge_phones(cells).full is full


def test_a_long_column_is_judged_by_a_part_of_it():
    judged = judge_phones(f"0151 23{number:06}" for number in range(3000))
    assert (judged.regions, judged.total) == (("DE",), 500)


class Country(NamedTuple):
    """`trunk`: what is dialled before a number inside the country. `numbers`: patterns of mobile numbers."""

    region: str
    code: str
    trunk: str
    numbers: str


COUNTRIES = [
    Country("DE", "49", "0", "(15(11|12|20|90|73|75)|16[023]|17[0-9])[0-9]{7}"),
    Country("US", "1", "", "(212|415|512|305|602|763)[2-9][0-9]{6}"),
    Country("MX", "52", "", "(55|33|81)[1-9][0-9]{7}"),
    Country("BR", "55", "0", "(11|21|51|85)9[6-9][0-9]{7}"),
    Country("IN", "91", "0", "[789][0-9]{9}"),
    Country("GB", "44", "0", "7[4578][0-9]{8}"),
    Country("ES", "34", "", "6[0-9]{8}|7[1-4][0-9]{7}"),
    Country("FR", "33", "0", "6[0-9]{8}"),
    Country("IT", "39", "", "3[2-9][0-9]{8}"),
    Country("NL", "31", "0", "6[1-5][0-9]{7}"),
    Country("TR", "90", "0", "5[0345][0-9]{8}"),
    Country("ID", "62", "0", "8[1-9][0-9]{8,9}"),
]


class Person(NamedTuple):
    cell: str
    phone: str
    region: str
    way: str


WAYS = ("local", "without zero", "without plus", "with plus")


@st.composite
def people(draw: st.DrawFn, countries: st.SearchStrategy[Country], ways: st.SearchStrategy[str]) -> Person:
    country, way = draw(countries), draw(ways)
    number = draw(st.from_regex(country.numbers, fullmatch=True))
    full = country.code + number
    cell = {
        "local": country.trunk + number,
        "without zero": number,
        "without plus": full,
        "with plus": "+" + full,
    }[way]
    return Person(cell, "+" + full, country.region, way)


anybody = people(st.sampled_from(COUNTRIES), st.sampled_from(WAYS))


@settings(max_examples=30, deadline=None)
@given(st.lists(anybody, min_size=1, max_size=30))
def test_without_a_region_nobody_gets_the_number_of_another(persons):
    column = judge_column([(person.cell, "") for person in persons], region=None)
    for person in persons:
        with suppress(BadCell):
            assert column.read(person.cell) == person.phone


@settings(max_examples=30, deadline=None)
@given(st.lists(anybody, min_size=1, max_size=20), anybody)
def test_rows_after_the_sample_are_read_as_safely(first, later):
    column = judge_column([(person.cell, "") for person in first], region=None)
    with suppress(BadCell):
        assert column.read(later.cell) == later.phone


@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(COUNTRIES))
def test_with_a_region_its_people_are_read_and_others_are_not_misread(data, country):
    """Others have written their country code; a local number of another country is not in question."""
    own = people(st.just(country), st.sampled_from(WAYS))
    others = people(st.sampled_from(COUNTRIES), st.sampled_from(WAYS[2:]))
    column = judge_column([], region=country.region)
    for person in data.draw(st.lists(own, min_size=1, max_size=10)):
        assert column.read(person.cell) == person.phone
    for person in data.draw(st.lists(others, max_size=10)):
        try:
            phone = column.read(person.cell)
        except BadCell:
            continue
        # Who gave the region has said what such digits are: 1 512 345 6789 in a Chinese file, say.
        assume(not phone.startswith("+" + country.code) or person.region == country.region)
        assert phone == person.phone


@settings(max_examples=30, deadline=None)
@given(st.lists(anybody, min_size=1, max_size=20))
def test_a_row_that_names_its_country_is_read_in_it(persons):
    column = judge_column([(person.cell, person.region) for person in persons], region=None)
    for person in persons:
        assert column.read(person.cell, person.region) == person.phone


@settings(max_examples=30, deadline=None)
@given(st.lists(people(st.sampled_from(COUNTRIES), st.just("without plus")), min_size=1, max_size=20))
def test_a_suggested_region_reads_no_less_than_none(persons):
    cells = [(person.cell, "") for person in persons]
    judgment = judge_phones(cell for cell, _ in cells)
    for region in judgment.regions:
        column = judge_column(cells, region=region)
        for person in persons:
            with suppress(BadCell):
                assert column.read(person.cell) == person.phone or person.region != region
