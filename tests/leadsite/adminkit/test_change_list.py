"""Long lists of the admin: counted up to a limit, and sorted only by what an index gives."""

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from conversations.models import Conversation
from leads.models import DeletedLead, Lead
from leadsite.adminkit import change_list
from leadsite.adminkit.paginator import BoundedPaginator
from leadsite.monitoring.models import FailedTransaction
from tests.plans import modes_of_plans
from tests.staff import Staff, address, staff_of

pytestmark = pytest.mark.django_db
# The column "customer" of the list of leads.
BY_CUSTOMER = "1"


@pytest.fixture
def staff(owner) -> Staff:
    for name in ("Carla", "Amina", "Bruno"):
        owner.has_lead(customer_name=name)
    return staff_of(owner)


def names(staff: Staff, **query: str) -> list[str]:
    response = staff.get(address("changelist", Lead), **query)
    return [lead.conversation.customer.name for lead in response.context["cl"].result_list]


def said(staff: Staff, **query: str) -> list[str]:
    return [str(message) for message in get_messages(staff.get(address("changelist", Lead), **query).wsgi_request)]


def test_a_list_is_sorted_by_any_column(staff):
    assert names(staff, o=BY_CUSTOMER) == ["Amina", "Bruno", "Carla"]
    assert said(staff, o=BY_CUSTOMER) == []


def test_a_long_list_is_newest_first_and_says_why(staff, monkeypatch):
    monkeypatch.setattr(change_list, "COUNT_LIMIT", 2)
    assert names(staff, o=BY_CUSTOMER) == ["Bruno", "Amina", "Carla"]
    assert "too many to sort by that column" in said(staff, o=BY_CUSTOMER)[0]


def test_few_rows_of_a_long_list_are_sorted(staff, monkeypatch):
    monkeypatch.setattr(change_list, "COUNT_LIMIT", 2)
    assert names(staff, o=BY_CUSTOMER, q="Amina") == ["Amina"]
    assert said(staff, o=BY_CUSTOMER, q="Amina") == []


def test_a_long_list_is_sorted_by_a_column_with_an_index(staff, monkeypatch):
    monkeypatch.setattr(change_list, "COUNT_LIMIT", 2)
    response = staff.get(address("changelist", Conversation))
    columns = response.context["cl"].get_ordering_field_columns()
    (number,) = columns
    response = staff.get(address("changelist", Conversation), o=f"-{number}")
    assert response.context["cl"].params["o"] == f"-{number}"


@pytest.mark.parametrize(("model", "column"), [(Conversation, "last_message"), (DeletedLead, "deleted")])
def test_a_list_sorted_by_an_index_is_the_reverse_in_the_other_direction(staff, model, column):
    """Rows of the same time, too: an index does not have them in another order, so a million were sorted."""
    if model is DeletedLead:
        Lead.objects.update(deleted_at=timezone.now())
    number = staff.get(address("changelist", model)).context["cl"].list_display.index(column)
    newest, oldest = (
        [row.pk for row in staff.get(address("changelist", model), o=f"{order}{number}").context["cl"].result_list]
        for order in ("-", "")
    )
    assert len(newest) == 3
    assert oldest == newest[::-1]


def test_a_long_list_says_how_far_it_was_counted(staff, monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "limit", 2)
    page = staff.list(Lead)
    assert "2 leads" in page
    assert "or more" in page


def test_a_filter_offers_the_values_of_the_newest_rows(staff, owner, monkeypatch):
    for constraint in ("old", "newer", "newest"):
        FailedTransaction.objects.create(user=owner.user, source="api", constraint=constraint)
    monkeypatch.setattr(change_list, "COUNT_LIMIT", 2)
    page = staff.list(FailedTransaction)
    assert "constraint=newest" in page
    assert "constraint=newer" in page
    assert "constraint=old" not in page


@pytest.mark.parametrize("query", [{"status__exact": "new"}, {"status__exact": "new", "o": "1"}, {"q": "Amina"}])
def test_a_filtered_list_is_planned_for_its_filter(staff, query):
    """With a plan for any value, a list of what few of many rows are read all of them, from the third time on."""
    with modes_of_plans(' FROM "leads"') as modes:
        assert "Amina" in staff.list(Lead, **query)
    assert modes == {"force_custom_plan"}


def test_a_list_without_filters_uses_prepared_plans(staff):
    with modes_of_plans(' FROM "leads"') as modes:
        staff.list(Lead, p="1")
    assert modes == {"auto"}
