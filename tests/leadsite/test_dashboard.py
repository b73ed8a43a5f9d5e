"""The dashboard, the first page of the admin."""

from django.urls import reverse

from leads.admin import dashboard
from tests.plans import modes_of_plans
from tests.staff import ESCAPED, HOSTILE, staff_of


def test_the_first_page_counts_the_leads_and_names_the_newest(owner, stranger):
    owner.has_lead(customer_name="Amina")
    owner.has_lead(customer_name=HOSTILE, status="contacted")
    stranger.has_lead(customer_name="Another business's")

    response = staff_of(owner).get(reverse("overview"))

    assert [status["count"] for status in response.context["statuses"]] == [1, 1, 0, 0, 0]
    page = response.content.decode()
    assert "Amina" in page
    assert ESCAPED in page
    assert "Another business" not in page


def test_many_leads_of_a_status_are_not_counted_to_the_end(owner, monkeypatch):
    monkeypatch.setattr(dashboard, "COUNT_LIMIT", 2)
    for _ in range(3):
        owner.has_lead()
    owner.has_lead(status="lost")
    response = staff_of(owner).get(reverse("overview"))
    assert [status["count"] for status in response.context["statuses"]] == ["2+", 0, 0, 0, 1]


def test_alerts_are_counted_by_plans_for_their_states(owner):
    """With a plan for any state, many messages that nobody knows about had all others read, too."""
    with modes_of_plans('COUNT(*) FROM (SELECT "messages"') as modes:
        staff_of(owner).get(reverse("overview"))
    assert modes == {"force_custom_plan"}
