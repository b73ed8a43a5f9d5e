"""Two customers of one's own choice are compared, and merged: ticked in the list, or from the page of one."""

import pytest
from django.urls import reverse

from conversations.models import Customer
from tests.cases import each_case
from tests.staff import HOSTILE, address, member_of, messages_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(owner):
    """Two whom nothing offers as possible duplicates."""
    owner.has_lead(customer_name="Ana Silva", customer_phone="+4915123440001")
    owner.has_lead(customer_name="Nia Weber", customer_phone="+4915123440002")
    return list(Customer.objects.order_by("pk"))


def test_two_that_are_ticked_are_compared(owner, pair):
    response = staff_of(owner).act("compare_and_merge", *reversed(pair))
    merge = reverse("admin:conversations_customer_merge", args=[pair[0].pk], query={"with": str(pair[1].pk)})
    assert response["Location"] == merge
    assert b"Becomes a part of it" in staff_of(owner).client.get(merge).content


@each_case("count", [1, 3])
def test_other_numbers_of_customers_are_a_sentence(owner, pair, count):
    owner.has_lead(customer_phone="+4915123440003")
    staff = staff_of(owner)
    response = staff.act("compare_and_merge", *Customer.objects.all()[:count])
    assert messages_of(staff.client.get(response["Location"])) == ["Choose two customers."]


def test_the_page_of_one_leads_to_a_search_for_the_other(owner, stranger, pair):
    stranger.has_lead(customer_name="Nia Stone", customer_phone="+4915123440009")
    staff, choose = staff_of(owner), address("merge-with", pair[0])
    assert choose in staff.get(address("change", pair[0])).content.decode()
    assert "Compare and merge" not in staff.get(choose).content.decode()
    found = staff.get(choose, q="Nia").content.decode()
    assert f"{address('merge', pair[0])}?with={pair[1].pk}" in found
    assert "Nia Stone" not in found
    assert "None." in staff.get(choose, q="Ana").content.decode()  # not with itself
    Customer.objects.update(name=HOSTILE)
    assert HOSTILE not in staff.get(choose, q="4915123440002").content.decode()


def test_only_who_may_merge_is_offered_it(owner, stranger, pair):
    viewer, choose = member_of(owner, "viewer"), address("merge-with", pair[0])
    assert choose not in viewer.get(address("change", pair[0])).content.decode()
    assert viewer.get(choose).status_code == 403
    assert "compare_and_merge" not in viewer.list(Customer)
    assert member_of(owner, "agent").get(choose).status_code == 200
    assert staff_of(stranger).get(choose)["Location"] == "/admin/"
