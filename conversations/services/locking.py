"""Locks the customers of rows that were found without a lock."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Model

from conversations.models import Customer
from leadsite.core.transactions import ConcurrentChange


def lock_customers_of(model: type[Model], customer: str, found: Mapping[UUID, UUID]) -> dict[UUID, Customer]:
    """Lock the customers of rows in the order of Note [Lock order] and return them by id. Caller holds the transaction.

    `found`: ids of rows of the model, and the customer that each had; `customer` is the look-up of a row's customer.

    Raises ConcurrentChange where a customer has been removed since, or a row has another one: customers were merged, or
    a merge was undone. The caller repeats the transaction.
    """
    ids = set(found.values())
    customers = {row.pk: row for row in Customer.objects.lock(ids)}
    # Only now can nobody give them to another customer.
    rows = model._base_manager.filter(pk__in=list(found)).values_list("pk", customer)
    moved = [pk for pk, now in rows if found[pk] != now]
    if moved or len(customers) < len(ids):
        raise ConcurrentChange("A customer was merged into another, or was removed, at the same moment.")
    return customers
