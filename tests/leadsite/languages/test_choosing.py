"""Pages are in the language of the person, or of the browser; the API and what is stored stay English."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from leadsite.accounts.models import User
from leadsite.audit.models import AuditEntry
from tests.cases import each_case
from tests.factories import Business
from tests.staff import staff_of

GERMAN: dict[str, Any] = {"HTTP_ACCEPT_LANGUAGE": "de-DE,de;q=0.9,en;q=0.5"}
INBOX = "/admin/inbox/?tab=waiting"


@pytest.fixture
def lead(owner: Business) -> Lead:
    return Lead.objects.get(pk=owner.has_lead().lead_id)


@each_case(
    "accepted, language, words",
    [
        ("", "en", "Search everything"),
        ("de-AT", "de", "Alles durchsuchen"),
        ("es-MX", "es", "Buscar en todo"),
        ("pt", "pt-br", "Buscar em tudo"),
        ("pt-BR", "pt-br", "Buscar em tudo"),
        ("ja,de;q=0.3", "de", "Alles durchsuchen"),
        ("ja", "en", "Search everything"),
    ],
)
def test_a_page_is_in_the_language_of_the_browser(owner, accepted, language, words):
    page = staff_of(owner).client.get(INBOX, HTTP_ACCEPT_LANGUAGE=accepted)
    assert words in page.text
    assert f'lang="{language}"' in page.text
    assert page.headers["Content-Language"] == language
    assert "Accept-Language" in page.headers["Vary"]


def test_a_person_chooses_a_language_that_counts_in_every_browser(owner):
    person = staff_of(owner)
    answer = person.client.post("/admin/account/language/", {"language": "es"}, follow=True, **GERMAN)
    assert "El idioma se ha guardado." in answer.text
    assert "Bandeja de entrada" in person.client.get(INBOX, **GERMAN).text
    person.client.post("/admin/account/language/", {"language": ""})
    assert "Posteingang" in person.client.get(INBOX, **GERMAN).text


@each_case("language", ["xx", "DE", "de\0", "../de"])
def test_a_language_without_pages_is_refused(owner, language):
    answer = staff_of(owner).client.post("/admin/account/language/", {"language": language}, follow=True)
    assert "no pages in that language" in answer.text
    assert User.objects.get(pk=owner.id).language == ""


def test_a_thread_does_not_keep_the_language_of_the_page_before(owner):
    person = staff_of(owner)
    assert "Posteingang" in person.client.get(INBOX, **GERMAN).text
    assert "Inbox" in person.client.get(INBOX).text


def test_the_api_is_in_english_whatever_is_asked_for(owner, lead):
    staff_of(owner).client.get(INBOX, **GERMAN)
    wrong = owner.client.post("/api/leads", {"status": "x"}, format="json", **GERMAN)
    assert wrong.text == owner.client.post("/api/leads", {"status": "x"}, format="json").text
    found = owner.client.get(f"/api/leads/{lead.pk}", **GERMAN)
    assert (found.json()["status"], found.json()["type"]) == (lead.status, lead.type)


def test_what_a_german_page_stores_are_the_same_codes(owner, lead):
    address = f"/admin/inbox/{lead.conversation_id}/lead/{lead.pk}/"
    staff_of(owner).client.post(address, {"status": "contacted", "version": lead.version}, **GERMAN)
    lead.refresh_from_db()
    assert lead.status == "contacted"
    entries: list[Any] = list(AuditEntry.objects.filter(row_id=lead.pk).order_by("-id")[:1])
    assert "Kontaktiert" not in str(vars(entries[0]))


def test_a_page_needs_no_more_statements_in_another_language(owner, lead):
    client = staff_of(owner).client
    client.get(INBOX)
    with CaptureQueriesContext(connection) as english:
        client.get(INBOX)
    with CaptureQueriesContext(connection) as german:
        client.get(INBOX, **GERMAN)
    assert len(german) == len(english)


def test_chat_board_and_account_are_german_with_german_dates(owner, lead):
    User.objects.filter(pk=owner.id).update(language="de")
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=datetime(2030, 12, 3, 9, 30, tzinfo=UTC))
    person = staff_of(owner)
    chat = person.get(f"/admin/inbox/{lead.conversation_id}/").text
    board = person.get("/admin/inbox/board/").text
    for page in (chat, board):
        assert "Wiedervorlage Di, 3. Dez 2030, 09:30" in page
        assert "Kontaktiert" in page
    assert "An den Kunden schreiben" in chat
    assert "Sprache Ihrer Seiten" in person.get("/admin/account/").text
    assert "Die letzten 30 Tage" in person.get("/admin/overview/").text
