"""Numbers as staff type them, with the country of their business."""

import pytest

from conversations.local_phone import read_typed
from conversations.phone import PhoneInvalid
from tests.cases import each_case

READ = [
    ("0151 23440001", "DE", "+4915123440001"),
    ("(0151) 2344-0001", "DE", "+4915123440001"),
    ("15123440001", "DE", "+4915123440001"),
    ("4915123440001", "DE", "+4915123440001"),
    ("030 123456", "DE", "+4930123456"),
    ("55 1234 5678", "MX", "+525512345678"),
    ("11 91234-5678", "BR", "+5511912345678"),
    ("612 34 56 78", "ES", "+34612345678"),
    ("02071838750", "GB", "+442071838750"),
    # International ones are the same in every country, also where a library knows no such number.
    ("+1234567890", "DE", "+1234567890"),
    ("0049 151 23440001", "MX", "+4915123440001"),
    ("+49 (0)151 23440001", "DE", "+4915123440001"),
    ("+4915123440001", "", "+4915123440001"),
]
REFUSED = [
    ("0151 23440001", ""),
    ("0151 23440001", "MX"),
    ("12", "DE"),
    ("no number", "DE"),
    ("0800 FLOWERS", "DE"),
    ("030 123456 ext. 7", "DE"),
    ("+49", "DE"),
    ("0049", "DE"),
    ("٠١٥١", "DE"),
    ("", "DE"),
]


@each_case("raw, country, phone", READ)
def test_a_typed_number_is_read(raw, country, phone):
    assert read_typed(raw, country=country) == phone


@each_case("raw, country", REFUSED)
def test_what_is_no_number_of_the_country_is_refused(raw, country):
    with pytest.raises(PhoneInvalid):
        read_typed(raw, country=country)
