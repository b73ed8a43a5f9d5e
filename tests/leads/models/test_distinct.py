"""What the database holds of pairs of customers, for every writer."""

import pytest
from django.db import IntegrityError, transaction

from conversations.models import Customer
from leads.models import DistinctPair

pytestmark = pytest.mark.django_db


def test_the_database_refuses_a_pair_in_the_other_order_and_one_of_two_businesses(owner, stranger):
    first, second = sorted(Customer.objects.create(user=owner.user, whatsapp_user_id=f"DE.{n}").pk for n in (1, 2))
    for values, constraint in (
        ({"user_id": owner.id, "first_id": second, "second_id": first}, "distinct_pairs_ordered"),
        ({"user_id": owner.id, "first_id": first, "second_id": first}, "distinct_pairs_ordered"),
        ({"user_id": stranger.id, "first_id": first, "second_id": second}, "distinct_pairs_first_fk"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            DistinctPair.objects.create(**values)
