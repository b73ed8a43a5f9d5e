"""Two customers who are the same person become one: the later choice about marketing counts."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.marketing import MarketingChoice
from conversations.models import Customer
from leads.services.merge import merge_customers

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
EARLIER, LATER = NOON - timedelta(days=1), NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("of_source", "of_target", "kept"),
    [
        ((NOON, True), None, (NOON, NOON)),
        (None, (NOON, True), (NOON, NOON)),
        ((LATER, True), (NOON, False), (LATER, LATER)),
        ((EARLIER, True), (NOON, False), (NOON, None)),
        ((LATER, False), (NOON, True), (LATER, None)),
        ((NOON, True), (NOON, False), (NOON, NOON)),
        (None, None, (None, None)),
    ],
)
def test_the_later_choice_about_marketing_is_kept(owner, of_source, of_target, kept):
    source, target = (Customer.objects.get(conversations=owner.has_lead().conversation_id).pk for _ in range(2))
    for customer_id, choice in ((source, of_source), (target, of_target)):
        if choice:
            Customer.objects.write_marketing_choices({customer_id: MarketingChoice(*choice)})
    merge_customers(source_id=source, target_id=target)
    row = Customer.objects.get()
    assert (row.pk, row.marketing_choice_at, row.marketing_opted_out_at) == (target, *kept)
