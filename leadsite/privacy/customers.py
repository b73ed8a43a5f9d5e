"""Deletes customers of whom nothing is left, and what else says who they were."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from conversations.models import Customer
from leadsite.core.arrays import array
from leadsite.core.statements import delete_rows, fetch_rows
from leadsite.privacy.audit import forget_rows
from leadsite.privacy.people import OWN_MOVES, person_of

# Not those who want no marketing: that must not be forgotten.
_UNUSED: Final = """
    SELECT c.id FROM customers AS c WHERE c.id = ANY (%s::uuid[]) AND c.marketing_opted_out_at IS NULL
        AND NOT EXISTS (SELECT FROM conversations AS v WHERE v.customer_id = c.id)
"""
# Few have one: each table is read once for all of them. A move of another business with the same number does no harm.
_WITH_PAST: Final = """
    WITH given AS (SELECT id, user_id, phone_key, whatsapp_user_id FROM customers WHERE id = ANY (%s::uuid[])),
    moves AS (
        SELECT former, phone_key(phone) AS phone_key, whatsapp_user_id FROM customer_moves
        WHERE user_id = ANY (ARRAY(SELECT user_id FROM given))),
    known AS MATERIALIZED (
        SELECT former FROM moves UNION SELECT phone_key FROM moves UNION SELECT whatsapp_user_id FROM moves)
    SELECT id FROM given WHERE phone_key IN (SELECT former FROM known)
        OR whatsapp_user_id IN (SELECT former FROM known)
        OR id IN (SELECT m.target_id FROM customer_merges AS m
                  WHERE m.target_id = ANY (ARRAY(SELECT id FROM given)) AND m.undone_at IS NULL)
"""
_DELETE_MOVES: Final = f"DELETE FROM customer_moves WHERE {OWN_MOVES}"  # noqa: S608 - a constant


def delete_customers(customer_ids: Collection[UUID]) -> list[UUID]:
    """Delete those of these customers who have no conversation; return their ids. Caller holds the transaction and has
    locked them.

    With them go the moves of their numbers, and what the audit and the admin's log have of them and of the customers
    who were merged into them: nobody finds that afterwards, not even where the person asks to be erased.
    """
    unused = [id_ for (id_,) in fetch_rows(_UNUSED, [array(customer_ids)])]
    with_past = [id_ for (id_,) in fetch_rows(_WITH_PAST, [array(unused)])]
    merged: list[UUID] = []
    for customer in Customer.objects.filter(pk__in=with_past).order_by("pk"):
        person = person_of(customer)
        merged += person.merged_ids
        fetch_rows(_DELETE_MOVES, person.parameters)
    delete_rows(Customer.objects.filter(pk__in=unused))
    forget_rows([*unused, *merged])
    return unused
