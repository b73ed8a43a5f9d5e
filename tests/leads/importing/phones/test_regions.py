import phonenumbers
import pytest

from leads.importing.phones.regions import UnknownRegion, read_region, region_name, region_of_country
from tests.cases import each_case


def test_a_region_is_the_two_letter_code_of_a_country():
    assert read_region(" de") == "DE"
    for code in ["", "Germany", "49", "XX"]:
        with pytest.raises(UnknownRegion, match="two letters"):
            read_region(code)


def test_every_region_has_a_name_which_names_it():
    for region in phonenumbers.SUPPORTED_REGIONS:
        name = region_name(region)
        assert name.endswith(f" ({region})")
        assert region_of_country(name.removesuffix(f" ({region})")) == region


@each_case(
    ("cell", "region"),
    [
        ("1", "US"),
        ("+52", "MX"),
        ("+1 868", None),
        ("800", None),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("México", "MX"),
        ("mexico", "MX"),
        ("TÜRKİYE", "TR"),
        ("Turkey", "TR"),
        ("भारत", "IN"),
        ("السعودية", "SA"),
        ("Great Britain", "GB"),
        ("", None),
        ("?", None),
        ("Bavaria", None),
        ("9" * 400, None),
    ],
)
def test_a_cell_names_a_country(cell, region):
    assert region_of_country(cell) == region
