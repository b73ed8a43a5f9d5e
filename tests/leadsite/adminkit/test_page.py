"""Forms of the admin change only what was typed into them."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from tests.factories import Business
from tests.staff import address, operator, staff_of


def page_of(business: Business, **fields: str) -> tuple[Lead, str]:
    """A lead of this business, and the path of its page."""
    lead = Lead.objects.get(pk=business.has_lead(**fields).lead_id)
    return lead, address("change", lead)


def test_an_outdated_form_changes_only_what_was_typed_into_it(owner):
    people = staff_of(owner)
    lead, path = page_of(owner)
    old = people.form(path)
    people.fill(path, status="qualified", details="Two cakes")

    assert people.send(path, old, type="booking").status_code == 302

    lead.refresh_from_db()
    assert (lead.type, lead.status, lead.details) == ("booking", "qualified", "Two cakes")
    assert LogEntry.objects.order_by("-pk")[0].get_change_message() == "Changed Type."


def test_an_unchanged_form_changes_nothing(owner):
    _, path = page_of(owner, details="  several\nlines  ")
    before = Lead.objects.values().get()
    staff_of(owner).fill(path)
    assert Lead.objects.values().get() == before


def test_a_form_without_the_old_values_is_compared_with_the_row(owner):
    """As curl or a test sends it."""
    lead, path = page_of(owner)
    staff_of(owner).send(path, {"type": "booking", "status": "new", "details": ""})
    lead.refresh_from_db()
    assert (lead.type, lead.details) == ("booking", "")


@pytest.mark.parametrize("listed", ["accounts/user", "accounts/apikey", "leads/lead", "leads/importrun"])
@pytest.mark.parametrize(("term", "limit"), [("word " * 21, "20 words"), ("x" * 201, "200 characters")])
def test_a_search_is_bounded_in_words_and_length(db: None, listed: str, term: str, limit: str):
    with CaptureQueriesContext(connection) as queries:
        answer = operator().client.get(f"/admin/{listed}/", {"q": term})
    assert f"Search for at most {limit}" in answer.content.decode()
    assert max(query["sql"].upper().count(" LIKE ") for query in queries) < 20


def test_a_search_within_the_bounds_finds(owner: Business):
    answer = operator().client.get("/admin/accounts/user/", {"q": "owner bakery"})
    assert "owner@bakery.example" in answer.content.decode()


def test_the_title_of_the_tab_names_the_list(owner):
    assert "<title> Leads | leadsite</title>" in " ".join(staff_of(owner).list(Lead).split())
