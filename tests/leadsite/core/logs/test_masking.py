"""Phone numbers in what is logged."""

import pytest

from leadsite.core.logs.masking import mask_numbers


@pytest.mark.parametrize(
    "text",
    ["+4915123456789", "/api/x/+49 151 234-567 89/", "(0151) 234 567 89", "4915123456789@c.us", "%2B4915123456789"],
)
def test_a_phone_number_is_hidden(text: str) -> None:
    hidden = mask_numbers(f"of {text}.")
    assert "…89" in hidden
    assert "234" not in hidden


@pytest.mark.parametrize(
    "text",
    [
        "/api/leads/91234567-1234-7234-8234-123456789012",
        "2026-11-28T18:19:13.123456Z",
        "192.168.100.200",
        "127.0.0.1:54321",
        "line 123456",
    ],
)
def test_ids_times_and_addresses_stay(text: str) -> None:
    assert mask_numbers(text) == text
