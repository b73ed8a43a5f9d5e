import pytest

from leads.importing.columns.names import (
    COMPANY,
    FIRST,
    LAST,
    WHOLE,
    field_of,
    folded,
    is_question,
    known,
    may_ask_for_phone,
)
from tests.cases import each_case

# Headers of real exports, by program or language.
PHONES = {
    "Facebook": ["phone_number", "work_phone_number"],
    "Google contacts": ["Phone 1 - Value", "Phone 7 - Value"],
    "Google Forms": ["WhatsApp number (with country code)", "What is your phone number?", "Phone number *"],
    "Outlook": ["Mobile Phone", "Business Phone", "Business Phone 2", "Home Phone", "Primary Phone", "Other Phone"],
    "Outlook, other languages": ["Mobiltelefon", "Telefon geschäftlich", "Teléfono móvil", "Teléfono del trabajo"],
    "more of Outlook": ["Tél. mobile", "Téléphone (bureau)", "Telefono Mobile", "Fone comercial", "Celular"],
    "HubSpot": ["Phone Number", "Mobile Phone Number", "WhatsApp Phone Number"],
    "Salesforce, Zoho": ["Phone", "Mobile", "Home Phone"],
    "Pipedrive": ["Person - Phone", "Person - Phone - Mobile", "Person - Phone - Work"],
    "Shopify": ["Billing Phone", "Shipping Phone", "Default Address Phone"],
    "WooCommerce": ["billing_phone", "Phone (Billing)"],
    "WhatsApp": ["Formatted Phone", "WhatsApp", "wa_id"],
    "German": ["Telefon:", "Handy-Nr", "Handynummer", "Telefon Kunde", "Rufnummer", "Ihre Telefonnummer"],
    "Spanish, Portuguese": [
        "Teléfono",
        "Número de teléfono",
        "celular",
        "Teléfono del cliente",
        "Telemóvel",
        "Telefone",
    ],
    "French, Italian, Dutch": ["Téléphone portable", "N° de téléphone", "Cellulare", "Telefoonnummer", "Mobiel nummer"],
    "HubSpot, other languages": ["Número de teléfono móvil", "Mobiltelefonnummer", "Numéro de téléphone mobile"],
    "more of HubSpot": [
        "Número do celular",
        "Numero di telefono cellulare",
        "Mobiel telefoonnummer",
        "Cep telefonunuz",
    ],
    "Pipedrive, other languages": ["Person - Telefon", "Persona - Teléfono", "Pessoa - Telefone", "Kişi - Telefon"],
    "Turkish, Arabic, Hindi": ["Telefon Numarası", "CEP TELEFONU", "رقم الهاتف", "رقم الجوال", "मोबाइल नंबर", "फ़ोन नंबर"],
}


@each_case("name", [name for names in PHONES.values() for name in names])
def test_the_phone_is_known_in_the_usual_exports(name):
    assert field_of(name) == "customer_phone"


@each_case(
    ("field", "names"),
    [
        ("type", ["Type", "lead type", "Tipo", "Art der Anfrage", "النوع"]),
        (
            "details",
            ["Notes", "MESSAGE", "comment", "Descripción", "Notizen*", "Deal Name", "ملاحظات"],
        ),
        ("status", ["Status", "Lead-Status", "Estado", "lead_status", "Deal - Status", "Durum", "الحالة", "स्थिति"]),
        ("external_id", ["External ID", "external_id", "CRM-ID"]),
        ("created_at", ["created_time", "Create Date", "Timestamp", "Created At", "Zeitstempel", "Marca temporal"]),
        ("created_at", ["Carimbo de data/hora", "Horodateur", "Erstellt am", "Tijdstempel", "Zaman damgası"]),
        ("country", ["Country Code", "Country", "Land", "País", "Country/Region"]),
        (None, ["id", "ID", "", "line", "field", "reason", "email", "phones", "電話", "Title", "Suffix", "x" * 300]),
        ("status", ["Statut de la piste", "Estado de posible cliente", "Stato del lead", "Lead durumu"]),
        ("country", ["País o región del trabajo", "Land/Region geschäftlich", "Pays/Région (bureau)", "Ülke/Bölge"]),
        (
            "customer_name",
            ["Wie heißt du?", "¿Cómo te llamas?", "Como você se chama?", "Come ti chiami?", "Hoe heet je?"],
        ),
        ("customer_name", ["Comment vous appelez-vous ?", "Adınız Soyadınız", "ما اسمك؟", "आपका नाम क्या है?"]),
        ("customer_name", ["Firma/Account", "Société / Compte", "Empresa/Cuenta", "Contactpersoon", "tam_adı"]),
        (None, ["Business Fax", "Fax", "Pager", "Home Fax", "Assistant's Phone", "TTY/TDD Phone", "Phone 1 - Label"]),
        (
            None,
            [
                "Is My Contact",
                "State/Province",
                "Home State",
                "ad_name",
                "form_name",
                "platform",
                "Lead Source",
                "Lead Owner",
            ],
        ),
    ],
)
def test_a_column_is_known_by_its_name(field, names):
    assert {name: field_of(name) for name in names} == dict.fromkeys(names, field)


@pytest.mark.parametrize(
    ("part", "names"),
    [
        (WHOLE, ["Full  Name", "full_name", "vollständiger Name", "Nombre completo", "Ad Soyad", "Nom complet"]),
        (
            WHOLE,
            [
                "Person - Name",
                "Billing Name",
                "Ihr Name",
                "الاسم الكامل",
                "पूरा नाम",
                "Saved Name",
                "Guest Name",
                "Naam",
            ],
        ),
        (
            FIRST,
            ["First Name", "Given Name", "Vorname", "Prénom", "billing_first_name", "First Name (Billing)"],
        ),
        (LAST, ["Last Name", "Family Name", "Nachname", "Apellidos", "Cognome", "Sobrenome", "Soyadı", "Achternaam"]),
        (COMPANY, ["Organization Name", "Company / Account", "Firma", "Empresa", "Société", "Organization 1 - Name"]),
    ],
)
def test_the_parts_of_a_name_are_known(part, names):
    found = {name: known(name) for name in names}
    assert {name: (one.field, one.part) for name, one in found.items() if one} == dict.fromkeys(
        names, ("customer_name", part)
    )


def test_a_mobile_comes_before_a_landline_and_a_second_number_after_the_first():
    order = ["WhatsApp", "Mobile", "Phone", "Phone 2", "Business Phone", "Home Phone", "Primary Phone", "Other Phone"]
    ranks = [one.rank for name in order if (one := known(name))]
    assert ranks == sorted(ranks)
    assert len(ranks) == len(order)


def test_case_accents_and_invisible_characters_do_not_matter():
    assert {folded(name) for name in ("Teléfono *", "TELEFONO", "telE\u0301fono", "\u200eTeléfono\u200b")} == {
        "telefono"
    }
    assert folded("ADI") == folded("Adı")


def test_a_question_ends_with_a_question_mark():
    assert [is_question(name) for name in ("what_cake?", "ماذا تريد؟ ", "Notes")] == [True, True, False]


@pytest.mark.parametrize(
    "name", ["رقم الواتساب الخاص بك", "آپ का फ़ोन", "आपका मोबाइल", "¿A qué teléfono móvil llamamos?", "Seu WhatsApp"]
)
def test_a_question_may_ask_for_the_phone_in_any_language(name):
    assert may_ask_for_phone(name)
    assert not may_ask_for_phone(f"{name} fax")
