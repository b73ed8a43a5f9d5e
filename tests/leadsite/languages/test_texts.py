"""Sentences that were written in English, in the language of the page."""

import pytest
from django.utils import translation
from django.utils.translation import gettext, pgettext

from conversations.models.conversations import ConversationStatus
from conversations.models.messages import MessageStatus
from leads.admin.bulk_progress import describe_counts
from leads.models import BulkChange
from leads.models.imports import ImportState
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
        ("Text 1", "Text 1"),
        ("Text 1: fill this in.", "Text 1: Bitte ausfüllen."),
        ("Address of the photo", "Adresse des Fotos"),
        ("Card 2: Text 1 in the header", "Karte 2: Text 1 in der Kopfzeile"),
        ("Display name “Bella”: rejected (name bad).", "Anzeigename „Bella“: abgelehnt (name bad)."),
        ("Display name “Bella”: approved.", "Anzeigename „Bella“: genehmigt."),
        (
            "Template “cake” (en_US) is in the category utility and will be marketing: the price of its messages may"
            " change.",
            "Vorlage “cake” (en_US) ist in der Kategorie Utility und wird Werbung: Der Preis ihrer Nachrichten kann"
            " sich ändern.",
        ),
        (
            "Template “cake” (en_US): paused because of low quality; messages with it fail (spam)."
            " Change it in WhatsApp Manager, or use another.",
            "Vorlage “cake” (en_US): wegen niedriger Qualität pausiert; Nachrichten damit schlagen fehl (spam)."
            " Ändern Sie sie im WhatsApp Manager, oder verwenden Sie eine andere.",
        ),
        ("Template “cake” (en_US): quality high.", "Vorlage “cake” (en_US): Qualität hoch."),
        ("The status of this message is now delivered.", "Der Status dieser Nachricht ist jetzt zugestellt."),
        (
            "A lead that is lost cannot become new; it can become contacted, qualified, archived.",
            "Ein Lead mit dem Status verloren kann nicht neu werden, nur: kontaktiert, qualifiziert, archiviert.",
        ),
        ("To read it, choose “Details” above it.", "Um sie zu lesen, wählen Sie darüber „Einzelheiten“."),
        ("“new” is in the future.", "„new“ liegt in der Zukunft."),
        (
            "Line 7 cannot be split into cells: text follows a closing quote. A quote inside a quoted cell is written"
            " twice. The first column here has the unchanged text.",
            "Zeile 7: Die Aufteilung in Zellen ist nicht möglich, weil nach einem schließenden Anführungszeichen Text"
            " folgt. Innerhalb einer Zelle in Anführungszeichen wird ein Anführungszeichen doppelt geschrieben. Die"
            " erste Spalte hier enthält den unveränderten Text.",
        ),
        (
            "The number could be one of another country or +4930123. Write it with a plus sign and country code.",
            "Die Nummer kann eine aus einem anderen Land oder +4930123 sein. Schreiben Sie sie mit Pluszeichen und"
            " Ländervorwahl.",
        ),
        (
            "Meta has raised the number's limit. New limit: 10000 customers a day.",
            "Meta hat das Limit der Nummer erhöht. Neues Limit: 10000 Kunden pro Tag.",
        ),
        ("", ""),
    ],
)
def test_a_sentence_is_found_with_its_values(english, german):
    assert shown(english) == german
    assert shown_by_a_template(english) == german


def test_a_sentence_stays_english_on_an_english_page():
    with translation.override("en"):
        assert shown("The file is empty.") == "The file is empty."


@each_case(
    "language, failed, active, close",
    [
        ("en", ("Failed", "Failed"), ("Active", "Active"), ("Close", "Close")),
        ("de", ("Fehlgeschlagen", "Fehlgeschlagen"), ("Aktiv", "Aktiv"), ("Abschließen", "Schließen")),
        ("es", ("Fallida", "Fallido"), ("Activa", "Activo"), ("Cerrar", "Cerrar")),
        ("pt-br", ("Com falha", "Com falha"), ("Ativa", "Ativo"), ("Encerrar", "Fechar")),
    ],
)
def test_a_word_is_said_of_what_it_is_about(language, failed, active, close):
    with translation.override(language):
        assert (ImportState.FAILED.label, MessageStatus.FAILED.label) == failed
        assert (ConversationStatus.ACTIVE.label, pgettext("number or endpoint", "Active")) == active
        assert (pgettext("a conversation", "Close"), gettext("Close")) == close


@each_case(
    "language, one, two",
    [
        ("es", "1 lead: 1 cambiado", "2 leads: 2 cambiados"),
        ("pt-br", "1 lead: 1 alterado", "2 leads: 2 alterados"),
    ],
)
def test_counts_agree_with_what_is_counted(language, one, two):
    with translation.override(language):
        assert [describe_counts(BulkChange(total=count, changed=count)) for count in (1, 2)] == [one, two]


def test_lists_numbers_and_labels_are_written_as_the_language_does():
    assert joined(["a", "b", "c"]) == "a, b und c"
    assert either(["a", "b"]) == "a oder b"
    assert joined([]) == ""
    assert number(12_345) == "12.345"
    assert inside("Bestellung") == "Bestellung"
    with translation.override("es"):
        assert inside("Pedido") == "pedido"
