"""Sentences that were written in English, in the language of the page."""

import pytest
from django.utils import translation

from leadsite.languages.filters import shown as shown_by_a_template
from leadsite.languages.texts import either, inside, joined, number, shown
from tests.cases import each_case


@pytest.fixture(autouse=True)
def german():
    with translation.override("de"):
        yield


@each_case(
    "english, german",
    [
        ("The file is empty.", "Die Datei ist leer."),
        ("Details have at most 10000 characters.", "Einzelheiten haben höchstens 10000 Zeichen."),
        ("Stopped; nothing was stored.", "Angehalten; es wurde nichts gespeichert."),
        (
            "The file is compressed. Unpack it first.",
            "Die Datei ist komprimiert. Entpacken Sie sie zuerst.",
        ),
        (
            "Given up after 3 tries. An error without a reason.",
            "Nach 3 Versuchen aufgegeben. Ein Fehler ohne Grund.",
        ),
        ("(#131026) Message undeliverable.", "(#131026) Message undeliverable."),
        ("", ""),
    ],
)
def test_a_sentence_is_found_with_its_values(english, german):
    assert shown(english) == german
    assert shown_by_a_template(english) == german


def test_a_sentence_stays_english_on_an_english_page():
    with translation.override("en"):
        assert shown("The file is empty.") == "The file is empty."


def test_lists_numbers_and_labels_are_written_as_the_language_does():
    assert joined(["a", "b", "c"]) == "a, b und c"
    assert either(["a", "b"]) == "a oder b"
    assert joined([]) == ""
    assert number(12_345) == "12.345"
    assert inside("Bestellung") == "Bestellung"
    with translation.override("es"):
        assert inside("Pedido") == "pedido"
