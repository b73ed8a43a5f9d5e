import pytest

from leads.importing.columns.values import UnknownValue, Values
from tests.cases import each_case


@each_case(
    ("field", "ours", "cells"),
    [
        ("status", "new", ["new", " NEW ", "Open - Not Contacted", "Not Contacted", "Offen", "Nuevo", "não contatado"]),
        ("status", "new", ["À contacter", "Nieuw", "YENİ", "جديد", "नया", "nuova"]),
        ("status", "contacted", ["Contacted", "Attempted to Contact", "ATTEMPTED_TO_CONTACT", "Working - Contacted"]),
        ("status", "contacted", ["Kontaktiert", "Contactado", "Contatado", "Contacté", "Arandı", "تم التواصل"]),
        ("status", "qualified", ["Qualified", "Pre-Qualified", "qualifiziert", "Calificado", "Qualifié", "مؤهل"]),
        (
            "status",
            "converted",
            ["Closed Won", "closedwon", "Closed - Converted", "Won", "gewonnen", "Ganado"],
        ),
        ("status", "lost", ["Closed Lost", "Closed - Not Converted", "Unqualified", "Junk Lead", "Verloren", "Perdu"]),
        ("status", "new", ["Offen - nicht kontaktiert", "Ouvert – Non contacté", "Abierto - No contactado"]),
        ("status", "contacted", ["In Bearbeitung - Kontaktiert", "Trabalhando - Contatado", "Open / Contacted"]),
        ("status", "converted", ["Geschlossen - Konvertiert", "Fermé - Converti", "Cerrado - Convertido"]),
        ("status", "lost", ["Geschlossen – Nicht konvertiert", "Chiuso - Non qualificato"]),
        (
            "type",
            "order",
            ["Order", "Bestellung", "pedido", "Commande", "ordine", "Sipariş", "طلب", "ऑर्डर"],
        ),
        (
            "type",
            "booking",
            ["Appointment", "Reservierung", "reserva", "Rendez-vous", "Prenotazione", "Randevu"],
        ),
        ("type", "inquiry", ["Enquiry", "Anfrage", "consulta", "demande de devis", "Richiesta", "Aanvraag", "पूछताछ"]),
    ],
)
def test_words_with_a_plain_meaning_are_translated(field, ours, cells):
    values = Values(field, {})
    assert {cell: values[cell] for cell in cells} == dict.fromkeys(cells, ours)


@pytest.mark.parametrize(
    "cell", ["CREATED", "complete", "Working", "Contact in future", "CA", "x", "Contacted - Won", "Open - Waiting"]
)
def test_a_word_without_plain_meaning_is_refused_with_the_next_step(cell):
    with pytest.raises(UnknownValue) as refusal:
        Values("status", {})[cell]
    assert str(refusal.value) == (
        f"Must be one of new, contacted, qualified, converted, lost, and not “{cell}”. Correct it, or say what it"
        f" means, for example --map-value 'status:{cell}=contacted'."
    )


def test_an_explanation_comes_first():
    assert Values("status", {"WORKING": "contacted"})["working"] == "contacted"
    assert Values("status", {"Open": "lost"})["open"] == "lost"


def test_a_column_is_ours_where_most_of_its_cells_are():
    values = Values("status", {})
    assert values.are_ours(["", " "])
    assert values.are_ours(["new", "won", "x", ""])
    assert not values.are_ours(["new", "x"])
