"""The digits by which a search term is looked up in phone numbers."""

import pytest

from conversations.search import phone_fragments


@pytest.mark.parametrize(
    ("term", "digits"),
    [
        ("+49 151 23456789", {"4915123456789"}),
        ("0049 (151) 234-567", {"49151234567"}),
        ("+49 (0)151 234567", {"49151234567"}),
        ("+49 [ 0 ] 151 234567", {"49151234567"}),
        ("\u202a+49\u2007151.234/567\u202c", {"49151234567"}),
        ("\uff0b\uff14\uff19 151 234567", {"49151234567"}),
        ("+22507020304", {"22507020304", "2250707020304"}),  # Ivory Coast
        ("0151", set()),  # without the leading zero three digits are left: too few
        ("01512", {"1512"}),
        ("+5215512345678", {"5215512345678", "525512345678"}),  # Mexico: as it was typed, and by its key
        ("Amina", set()),
        ("4 lemon cakes 1234", set()),
        ("", set()),
    ],
)
def test_a_part_of_a_number_is_found_in_any_spelling(term: str, digits: set[str]) -> None:
    assert phone_fragments(term) == digits
