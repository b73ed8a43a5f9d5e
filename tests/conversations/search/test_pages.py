"""The pages of a search: the same rows whether they are found among the newest or by the indexes of words."""

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.admin.customer_rows import SearchPaginator
from conversations.models import Customer
from conversations.search import pages
from conversations.search.pages import search
from leads.models import Lead
from leads.search import search_leads
from tests.cases import each_case
from tests.staff import staff_of

TERMS = ("lemon", "lemon cake", "lemon cake maria", "cake maria", "maria", "0151", "a", "ginger", "nobody", "!", "A-7")


@pytest.fixture
def leads(owner, stranger):
    """Thirty leads of the business, whose words are of different frequency, and as many of another."""
    for number in range(30):
        words = [word for word, every in (("lemon", 2), ("cake", 3), ("ginger", 30)) if number % every == 0]
        names = ("Maria", "Cake Maria", "Bruno")
        for business in (owner, stranger):
            business.has_lead(
                customer_name=names[number % 3],
                customer_phone=f"+49151000000{number:02}",
                details=" ".join(words),
                external_id=f"A-{number}",
            )
    # Some of the same time, and an imported one of long ago with a new id.
    Lead.objects.filter(external_id="A-29").update(created_at="2020-01-01T00:00:00Z")
    Lead.objects.filter(external_id__in=["A-3", "A-4"]).update(created_at="2021-01-01T00:00:00Z")
    return Lead.objects.filter(user=owner.user)


def expected(leads, term, *order):
    """What one condition over all tables finds, as the slow and simple query."""
    return list(search_leads(leads, term).matching.order_by(*order).values_list("pk", flat=True))


def pks(rows):
    return [row.pk for row in rows]


@each_case("order", [["-pk"], ["pk"], ["-created_at", "-id"], ["created_at", "pk"], ["-pk", "-pk", "created_at"]])
@each_case(("depths", "read_ahead"), [((2_000,), 2_000), ((), 1), ((1, 4), 50), ((3, 30), 1)])
def test_pages_have_the_same_rows_wherever_they_are_found(leads, monkeypatch, depths, read_ahead, order):
    monkeypatch.setattr(pages, "_DEPTHS", depths)
    monkeypatch.setattr(pages, "_READ_AHEAD", read_ahead)
    for term in TERMS:
        found, everything = search_leads(leads, term).order_by(*order), expected(leads, term, *order)
        for start, stop in ((0, 4), (4, 8), (0, 1), (0, 100)):
            assert pks(found[start:stop]) == everything[start:stop], term
        assert sorted(pks(found.all())) == sorted(everything), term
        assert [found.count(limit) for limit in (3, 100)] == [min(len(everything), limit) for limit in (3, 100)], term


@pytest.mark.parametrize("depths", [(), (2, 5)])
def test_a_cursor_continues_where_the_page_ended(owner, leads, monkeypatch, depths):
    monkeypatch.setattr(pages, "_DEPTHS", depths)
    monkeypatch.setattr(pages, "_READ_AHEAD", 1)
    for term in ("lemon", "lemon cake", "cake maria", "nobody"):
        for order in ("-created_at", "created_at"):
            seen, url = [], f"/api/leads?q={term}&page_size=6&ordering={order}"
            while url:
                page = owner.client.get(url).json()
                seen += [lead["id"] for lead in page["results"]]
                url = page["next"]
            by_id = "-id" if order[0] == "-" else "id"
            assert seen == [str(pk) for pk in expected(leads, term, order, by_id)], (term, order)


@pytest.mark.parametrize("model", [Lead, Customer])
def test_the_first_page_of_a_list_is_read_among_the_newest_rows(leads, owner, monkeypatch, model):
    """The order is Django's, which names columns twice. There are more rows than are counted, or they were the page."""
    monkeypatch.setattr(SearchPaginator, "limit", 10)
    monkeypatch.setattr(site.get_model_admin(model), "list_per_page", 3)
    with CaptureQueriesContext(connection) as statements:
        found = staff_of(owner).found(model, q="maria")
    assert len(found) == 3
    assert not [one["sql"] for one in statements if "UNION" in one["sql"]]


@pytest.mark.parametrize("depths", [(2_000,), (), (2, 5)])
def test_other_orders_are_those_of_the_column(leads, monkeypatch, depths):
    monkeypatch.setattr(pages, "_DEPTHS", depths)
    for term in TERMS:
        found = search_leads(leads, term).order_by("conversation__customer__name", "-pk")
        everything = search_leads(leads, term).matching.order_by("conversation__customer__name", "-pk")
        assert pks(found[0:5]) == pks(everything[:5]), term


def test_customers_are_found_in_pages_too(leads, owner, monkeypatch):
    monkeypatch.setattr(pages, "_DEPTHS", ())
    customers = Customer.objects.filter(user=owner.user)
    found = search(customers, "maria cake", customer="", exact=["whatsapp_user_id"]).order_by("-pk")
    assert [one.name for one in found[0:20]] == ["Cake Maria"] * 10
    assert found.count(1000) == 10


def test_the_number_of_statements_has_a_bound(leads, monkeypatch):
    """A page: twice where the newest rows end and what matches there; two lists of ids, and their rows."""
    monkeypatch.setattr(pages, "_DEPTHS", (10, 20))
    for term in (*TERMS, "lemon cake maria bruno nobody"):
        for read in (lambda found: found[0:5], lambda found: found.count(1000)):
            with CaptureQueriesContext(connection) as statements:
                read(search_leads(leads, term).order_by("-pk"))
            assert len(statements) <= 7


def test_a_frequent_word_is_found_without_the_index_of_words(leads):
    with CaptureQueriesContext(connection) as statements:
        assert len(search_leads(leads, "lemon").order_by("-pk")[0:5]) == 5
    assert len(statements) == 2
    assert "UNION" not in statements[-1]["sql"]
