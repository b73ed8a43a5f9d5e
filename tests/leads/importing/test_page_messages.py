"""Messages on a page name no option of the command."""

import pytest

from leads.importing.page_messages import page_message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Not UTF-8: add --encoding cp1252.", "Not UTF-8: choose the encoding cp1252."),
        (
            "Unreadable. Name the encoding that the file was saved in by --encoding.",
            "Unreadable. Choose another encoding.",
        ),
        (
            "No country code: give --region with the country it is in (for example --region DE)",
            "No country code: name the country it is in (for example DE)",
        ),
        ("customer_name is required.", "customer_name is required."),
    ],
)
def test_an_option_is_replaced_by_the_step_on_the_page(text: str, shown: str) -> None:
    assert page_message(text) == shown
