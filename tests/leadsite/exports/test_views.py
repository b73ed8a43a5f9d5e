"""An export has what the list shows, as its filter and search find it; scoped to business and role."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer
from leads.models import DeletedLead, Lead
from leadsite.exports.models import Export
from tests.cases import each_case
from tests.leadsite.exports.exported import NEW, export
from tests.staff import member_of, staff_of

pytestmark = pytest.mark.django_db


@each_case("form", [{"columns": []}, {"columns": ["password"]}, {"format": "pdf"}])
def test_what_cannot_be_chosen_is_an_error_at_the_form(form, leads, owner):
    response = export(staff_of(owner), "lead", **form)
    assert response.status_code == 200
    assert response.context["form"].errors


def test_an_unknown_list_is_404(owner):
    assert staff_of(owner).get(f"{NEW}/user/").status_code == 404


@each_case("kind", ["lead", "conversation", "customer", "deletedlead"])
def test_viewers_export_nothing_and_see_no_button(kind, leads, owner):
    viewer = member_of(owner, "viewer")
    assert viewer.get(f"{NEW}/{kind}/").status_code == 403
    assert export(viewer, kind).status_code == 403
    assert viewer.get("/admin/exports/").status_code == 403
    assert "/admin/exports/" not in viewer.list(Lead)


@each_case("model, others", [(Lead, ["Import a file"]), (Customer, ["Possible duplicates"]), (DeletedLead, [])])
def test_the_buttons_above_a_list_are_in_one_row_and_look_alike(model, others, leads, owner):
    page = staff_of(owner).list(model)
    (row,) = re.findall(r'<p class="list-buttons">(.*?)</p>', page, re.DOTALL)
    assert re.findall(r'<a class="list-button" .*?</span> (.*?)</a>', row) == [*others, "Export"]


def test_lists_lead_to_the_export_with_their_filter(leads, owner):
    staff = staff_of(owner)
    assert f'href="{NEW}/lead/?status__exact=lost"' in staff.list(Lead, status__exact="lost")
    for model, kind in ((Customer, "customer"), (Conversation, "conversation"), (DeletedLead, "deletedlead")):
        assert f'href="{NEW}/{kind}/?' in staff.list(model)


@each_case(
    "query, words",
    [
        ("status__exact=lost", ["Status: Lost"]),
        ("assigned=nobody&q=cake&o=2", ["Assigned to: Nobody", "Search: cake"]),
        ("{yesterday}", ["Changed: Yesterday"]),
        (
            "created_at__gte=2026-01-02+00:00:00%2B00:00&created_at__lt=2026-01-05+00:00:00%2B00:00",
            ["Created: 2 Jan 2026 – 4 Jan 2026"],
        ),
    ],
)
def test_the_page_says_the_filter_as_the_list_does(query, words, leads, owner):
    staff = staff_of(owner)
    if query == "{yesterday}":
        page = unescape(staff.list(Lead))
        (query,) = re.findall(r'href="\?(updated_at[^"]*)"[^>]*>\s*Yesterday', page)
    assert staff.get(f"{NEW}/lead/?{query}").context["filters"] == words


def test_the_list_of_exports_takes_the_same_statements_for_one_and_for_many(owner):
    staff = staff_of(owner)
    asked = {"user": owner.user, "person": owner.user, "kind": "lead", "columns": ["id"], "format": "csv"}

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert staff.get("/admin/exports/").status_code == 200
        return len(queries)

    Export.objects.create(query="status__exact=lost", **asked)
    statements()
    one = statements()
    for _ in range(4):
        Export.objects.create(query="status__exact=lost", **asked)
    assert statements() == one
