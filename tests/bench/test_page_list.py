"""make bench measures every page of the staff, and its lists of pages and of exceptions are those of the site."""

import pytest
from django.contrib import admin

from bench.page_list import inbox_paths, page_of_route, pages_of_list, read_list
from bench.page_routes import NOT_MEASURED, all_routes, measured_routes
from conversations.models import Conversation
from leads.models import Lead
from tests.factories import Business
from tests.leadsite.full_business import with_rows
from tests.staff import Staff, operator, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox


@pytest.fixture
def people(owner: Business) -> dict[str, Staff]:
    person = staff_of(owner)
    with_rows(owner)
    owner.has_lead()  # a second customer, to be merged
    return {"owner": person, "operator": operator()}


def test_every_address_is_a_page_or_named_with_a_reason(owner, people):
    """A new address that is neither, or has a variable that the bench does not know, is an error."""
    clients = {who: one.client for who, one in people.items()}
    lists = {model: read_list(model, clients) for model in admin.site._registry}
    pages = [page_of_route(route, owner.user, lists, clients) for route in measured_routes() if route.key != "list"]
    assert {route.model for route in measured_routes()} >= set(lists)
    assert len([page for page in pages if page]) > 90


def test_no_exception_is_of_an_address_that_is_not_there():
    assert set(NOT_MEASURED) - {route.key for route in all_routes()} == set()


@pytest.mark.django_db
def test_what_changes_something_is_no_page(owner, people):
    """Each exception with this reason answers only POST, or leads on."""
    paths = [route.path({}) for route in all_routes() if route.key in NOT_MEASURED and not route.variables]
    for path in paths:
        if "logout" not in path:
            assert people["owner"].get(path).status_code != 200, path


def test_a_list_is_measured_with_its_filters_search_and_sorts(owner, people):
    clients = {who: one.client for who, one in people.items()}
    pages = {page.name: page for page in pages_of_list(read_list(Lead, clients))}
    assert {"leads/lead", "leads/lead: search", "leads/lead: status = New", "leads/lead: created = Today"} <= set(pages)
    assert [name for name in pages if name.startswith("leads/lead: sorted by")]
    assert all(clients[page.who].get(path).status_code == 200 for page in pages.values() for path in page.paths)
    assert read_list(Conversation, clients).who == "owner"


def test_the_inbox_is_measured_in_each_tab_with_each_filter_and_as_an_open_page_asks(owner, people):
    Inbox(owner).gets(meta.text("Hello"))
    browser = people["owner"].client
    asked = dict(inbox_paths(owner.user, browser))
    assert {"tab snoozed", "all, a label", "waiting, a saved view", "live, board", "board column, lost"} <= set(asked)
    for name, (first, *_) in asked.items():
        answer = browser.post(first) if name == "presence" else browser.get(first)
        assert answer.status_code in (200, 204), first
