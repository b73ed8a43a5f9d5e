"""Locks the customers of rows that were found without a lock."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Customer
from leadsite.core.transactions import ConcurrentChange


def lock_customers_of(rows: QuerySet[Any], customer: str, found: Mapping[UUID, UUID]) -> dict[UUID, Customer]:
    """Lock the customers of rows in the order of Note [Lock order] and return them by id. Caller holds the transaction.

    `found`: ids of rows, and the customer of each, as `rows` had them; `customer` is the look-up of a row's customer.

    Raises ConcurrentChange where a customer has been removed since, or a row has another one: customers were merged, or
    a merge was undone. The caller repeats the transaction.
    """
    ids = set(found.values())
    customers = {row.pk: row for row in Customer.objects.lock(ids)}
    # Only now can nobody give them to another customer.
    moved = [pk for pk, now in rows.filter(pk__in=list(found)).values_list("pk", customer) if found[pk] != now]
    if moved or len(customers) < len(ids):
        raise ConcurrentChange("A customer was merged into another, or was removed, at the same moment.")
    return customers
