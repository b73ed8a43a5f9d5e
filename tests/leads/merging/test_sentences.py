"""The history of customers says with whom they were merged, and that it was undone."""

import pytest

from conversations.models import Customer
from leads.merging.services import undo_merge
from leads.models import CustomerMerge
from leadsite.audit.history import entries_of, told_entries_of
from leadsite.audit.sentences import lines_of
from tests.factories import Business
from tests.leads.merging.pairs import customer_of, make_one
from tests.staff import address, staff_of

# Each change in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def said(customer: Customer) -> list[str]:
    """What the last change of the customer says, and those of the same transaction."""
    entries = told_entries_of("customers", customer.pk).order_by("-id")
    newest = entries[0].transaction_id
    return [line.sentence for line in lines_of(entries.filter(transaction_id=newest))]


@pytest.fixture
def pair(owner: Business) -> tuple[Customer, Customer]:
    source = customer_of(owner.has_lead(customer_phone="+4915123410001", customer_name="Ada"))
    return source, customer_of(owner.has_lead(customer_phone="+4915123410002", customer_name="Ben"))


def test_a_merge_and_its_undo_are_said_of_both(owner: Business, pair: tuple[Customer, Customer]):
    source, target = pair
    made = [entries_of("customers", one.pk).count() for one in pair]
    done = make_one(owner, *pair)
    assert [one.endswith("merged it into “Ben”") for one in said(source)] == [True]
    assert [one.endswith("merged “Ada” into it") for one in said(target)] == [True]
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert [one.endswith("undid the merge into “Ben”") for one in said(source)] == [True]
    assert [one.endswith("undid the merge of “Ada”") for one in said(target)] == [True]
    kinds = [list(entries_of("customers", one.pk).order_by("id").values_list("action", flat=True)) for one in pair]
    assert kinds[0][made[0] :] == ["delete", "update", "insert", "update"]
    assert kinds[1][made[1] :] == ["update", "update"]


def test_the_page_of_the_customer_says_it(owner: Business, pair: tuple[Customer, Customer]):
    staff = staff_of(owner)
    done = make_one(owner, *pair)
    assert "merged “Ada” into it" in staff.client.get(address("change", pair[1])).content.decode()
    undo_merge(user_id=owner.id, merge_id=done.pk)
    page = staff.client.get(address("history", pair[0])).content.decode()
    assert ("undid the merge into “Ben”" in page, "deleted it" in page) == (True, False)
    assert page.count("created it") + page.count("Created") == 1


def test_nothing_is_said_twice_and_who_was_erased_has_no_name(owner: Business, pair: tuple[Customer, Customer]):
    make_one(owner, *pair)
    count = entries_of("customers", pair[1].pk).count()
    CustomerMerge.objects.update(moved=None, former_name="", former_phone="+4915123410001")
    assert entries_of("customers", pair[1].pk).count() == count
    CustomerMerge.objects.all().delete()
    assert said(pair[1])[0].endswith("merged “(deleted)” into it")
