"""A list says which filters are on, and each is removed by itself."""

import re
from html import unescape

import pytest

from leads.models import Lead
from tests.staff import Staff, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner) -> Staff:
    owner.has_lead(customer_name="Amina", details="cake")
    return staff_of(owner)


def chips(page: str) -> dict[str, str]:
    """The query string without each."""
    found = re.findall(r'<a href="([^"]*)" class="filter-chip"[^>]*>\s*<bdi>(.*?)</bdi>', page)
    return {unescape(words): unescape(query) for query, words in found}


def test_each_filter_that_is_on_is_shown_and_removed_alone(staff):
    page = staff.list(Lead, status__exact="new", type__exact="order", q="Amina", o="1")
    assert chips(page) == {
        "Status: New": "?o=1&q=Amina&type__exact=order",
        "Type: Order": "?o=1&q=Amina&status__exact=new",
        "Search: Amina": "?o=1&status__exact=new&type__exact=order",
    }
    assert chips(staff.list(Lead, o="1")) == {}


def test_the_condition_of_a_link_is_shown_too(staff):
    lead = Lead.objects.get()
    assert chips(staff.list(Lead, pk__exact=str(lead.pk))) == {f"Pk: {lead.pk}": "?"}


def test_filters_have_the_names_of_their_fields(staff):
    page = staff.list(Lead)
    titles = [title.strip() for title in re.findall(r'<h3 class="filter-title[^>]*>(.*?)</h3>', page, re.DOTALL)]
    assert titles == ["Status", "Type", "Source", "Assigned to", "Created", "Changed"]


def test_an_empty_list_says_what_nothing_matches(staff):
    assert "Nothing matches this search." in staff.list(Lead, q="nobody")
    assert "Nothing matches these filters." in staff.list(Lead, status__exact="lost")
    assert "Nothing matches this search and these filters." in staff.list(Lead, status__exact="lost", q="nobody")
