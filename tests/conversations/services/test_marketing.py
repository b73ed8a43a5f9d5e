"""Choices about marketing are kept on the customer, whatever the order in which they are stored."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import IntegrityError

from conversations.marketing import MarketingChoice
from conversations.models import Customer
from tests.cases import each_case

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def stored():
    return Customer.objects.values_list("marketing_choice_at", "marketing_opted_out_at").get()


@each_case("seconds_and_stops", list(permutations([(0, True), (1, False), (2, True), (2, False)])))
def test_the_order_of_storing_does_not_matter(owner, seconds_and_stops):
    owner.has_lead()
    customer_id = Customer.objects.get().pk
    for seconds, stops in seconds_and_stops:
        choice = MarketingChoice(NOON + timedelta(seconds=seconds), stops)
        Customer.objects.write_marketing_choices({customer_id: choice})
    assert stored() == (NOON + timedelta(seconds=2), NOON + timedelta(seconds=2))
    assert Customer.objects.has_opted_out(customer_id)


def test_after_a_resume_the_customer_has_not_opted_out(owner):
    owner.has_lead()
    customer_id = Customer.objects.get().pk
    Customer.objects.write_marketing_choices({customer_id: MarketingChoice(NOON, stops=True)})
    later = NOON + timedelta(days=1)
    Customer.objects.write_marketing_choices({customer_id: MarketingChoice(later, stops=False)})
    assert stored() == (later, None)
    assert not Customer.objects.has_opted_out(customer_id)


@pytest.mark.parametrize("chosen_at", [None, NOON + timedelta(seconds=1)])
def test_an_opt_out_that_is_not_the_last_choice_cannot_be_stored(owner, chosen_at):
    owner.has_lead()
    with pytest.raises(IntegrityError, match="customers_opted_out_by_last_choice"):
        Customer.objects.update(marketing_opted_out_at=NOON, marketing_choice_at=chosen_at)
