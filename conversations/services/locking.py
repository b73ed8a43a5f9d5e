"""Locks the customers of rows that were found without a lock."""

from collections.abc import Iterable
from uuid import UUID

from conversations.models import Customer
from leadsite.core.transactions import ConcurrentChange


def lock_all(customer_ids: Iterable[UUID]) -> dict[UUID, Customer]:
    """Lock these customers in the order of Note [Lock order] and return them by id. Caller holds the transaction.

    Raises ConcurrentChange where one was removed since its id was read, for example merged into another: the caller
    repeats the transaction.
    """
    ids = set(customer_ids)
    customers = {customer.pk: customer for customer in Customer.objects.lock(ids)}
    if len(customers) < len(ids):
        raise ConcurrentChange("A customer was merged into another, or removed, at the same moment.")
    return customers
