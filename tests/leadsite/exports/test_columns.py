"""All columns of each list."""

from itertools import cycle

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.accounts.models import User
from leadsite.exports.columns import COLUMNS
from leadsite.exports.services import header_of
from tests.cases import each_case
from tests.leads.importing.operator import import_leads
from tests.leadsite.exports.exported import NEW, export, table
from tests.staff import staff_of

LANGUAGES = [code for code, _name in settings.LANGUAGES]

pytestmark = pytest.mark.django_db


@each_case("kind, model", [("conversation", Conversation), ("customer", Customer), ("lead", Lead)])
def test_each_list_is_exported_with_all_columns(kind, model, leads, owner):
    staff = staff_of(owner)
    page = staff.get(f"{NEW}/{kind}/").content.decode()
    assert f"{kind.capitalize()}s: <b>3</b>" in page
    names = [column.name for column in COLUMNS[kind]]
    rows = table(export(staff, kind, columns=names, format="xlsx"))
    assert {row["id"] for row in rows} == {str(pk) for pk in model.objects.values_list("pk", flat=True)}
    assert {row["name"] for row in rows} == {"Ana 0", "Ana 1", "Ana 2"}
    assert len(rows[0]) == len(names)


def test_chosen_columns_and_times_of_the_business(leads, owner):
    User.objects.filter(pk=owner.id).update(time_zone="Asia/Tokyo")
    Lead.objects.update(created_at="2026-01-31T20:30:00Z")
    rows = table(export(staff_of(owner), "lead", columns=["created_at", "lost_reason"]))
    assert [tuple(row) for row in rows] == [("lost reason", "created")] * 3
    assert {row["created"] for row in rows} == {"2026-02-01 05:30:00"}


def in_language(owner, code):
    """The owner's browser, in whose pages they have chosen the language."""
    User.objects.filter(pk=owner.id).update(language=code)
    return staff_of(owner)


@each_case("code, words", [("en", ("WhatsApp", "Inquiry", "Lost")), ("de", ("WhatsApp", "Anfrage", "Verloren"))])
def test_a_file_says_what_the_list_says_and_in_its_language(leads, owner, code, words):
    Lead.objects.update(source="whatsapp", type="inquiry", status="lost")
    staff = in_language(owner, code)
    for kind in ("csv", "xlsx"):
        rows = table(export(staff, "lead", columns=["customer_phone", "source", "type", "status"], format=kind))
        with translation.override(code):
            titles = [gettext(title) for title in ("source", "type", "status")]
        assert [[row[title] for title in titles] for row in rows] == [list(words)] * 3
    page = staff.list(Lead)
    assert all(word in page for word in words[1:])


@each_case("code", LANGUAGES)
def test_titles_differ_within_each_list(code):
    """A header has each once."""
    with translation.override(code):
        for columns in COLUMNS.values():
            assert len(header_of(columns)) == len(columns)


@each_case("code", LANGUAGES)
@each_case("file_format", ["csv", "xlsx"])
def test_an_exported_file_is_imported_again_in_each_language(leads, owner, tmp_path, code, file_format):
    statuses, kinds = (cycle(choices.values) for choices in (Lead.Status, Lead.Type))
    for number in range(3, len(Lead.Status.values)):
        owner.has_lead(customer_name=f"Ana {number}", details=f"cake {number}")
    for number, lead in enumerate(Lead.objects.all()):
        changes = {"status": next(statuses), "type": next(kinds), "external_id": f"crm-{number}"}
        Lead.objects.filter(pk=lead.pk).update(**changes)
    fields = ("external_id", "type", "status", "details", "conversation__customer__name")
    before = set(Lead.objects.values_list(*fields))
    names = [column.name for column in COLUMNS["lead"]]
    file = tmp_path / f"leads.{file_format}"
    file.write_bytes(export(in_language(owner, code), "lead", columns=names, format=file_format).content)
    Lead.objects.all().delete()
    found = import_leads(owner, file)
    assert (found.summary["created"], found.summary["failed"]) == (len(before), 0)
    assert set(Lead.objects.values_list(*fields)) == before
