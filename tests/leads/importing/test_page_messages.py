"""Messages on a page name no option of the command."""

import pytest
from django.utils import translation

from conversations.phone import PHONE_RULE
from leads.importing.page_messages import page_message
from tests.leads.services.test_update_plan import known, planned


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


@pytest.mark.parametrize(
    ("text", "german"),
    [
        (
            f"The number is not a phone number in Germany (DE). {PHONE_RULE}",
            "Die Nummer ist keine Telefonnummer in Deutschland (DE). ",
        ),
        (
            f"The number is not a phone number in Saint Lucia (LC). {PHONE_RULE}",
            "Die Nummer ist keine Telefonnummer in St. Lucia (LC). ",
        ),
        (
            "The number has no country code. 2 of 3 numbers are valid in AT: --region AT.",
            "2 von 3 Nummern sind gültig in AT: wählen Sie Österreich (AT) als Land der Nummern.",
        ),
        (
            "The number has no country code. 2 of 3 numbers are valid in AT or DE: give the one they are in (--region"
            " AT).",
            "2 von 3 Nummern sind gültig in Österreich (AT) oder Deutschland (DE): ",
        ),
    ],
)
def test_countries_are_named_in_the_language_of_the_page(text: str, german: str) -> None:
    with translation.override("de"):
        assert german in page_message(text)


@pytest.mark.parametrize(
    ("language", "named"),
    [
        ("de", "(Bestellung · Neu, Buchung · Verloren)"),
        ("es", "(Pedido · Nuevo, Reserva · Perdido)"),
        ("en", "(Order · New, Booking · Lost)"),
    ],
)
def test_the_leads_that_a_row_may_be_about_are_named_in_the_language_of_the_page(language: str, named: str) -> None:
    leads = [("order", "Cake", "new", "a"), ("booking", "Bread", "lost", "b")]
    plan = planned(known(*leads), {"status": "contacted"})
    with translation.override(language):
        assert named in page_message(plan.errors[0].sentence)
