"""Takes a person out of the audit: when something was done, and by whom, stays; what it was goes. And out of the log of
the admin.
"""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle, retried
from leadsite.privacy.rows import Search, candidates
from leadsite.privacy.tables import JSON, Table

ENTRIES: Final = "audit_entries"
_TABLE: Final = Table({"before": JSON, "after": JSON})
_ROWS: Final = "SELECT DISTINCT row_id FROM audit_entries WHERE id = ANY (%s::bigint[])"
_ERASE: Final = "SELECT erase_audit(%s::uuid[])"
_DELETE_LOG: Final = "DELETE FROM django_admin_log WHERE object_id = ANY (%s::text[])"


def erase_entries(row_ids: Sequence[UUID]) -> int:
    """Remove what was in these rows from their entries; return how many. Caller holds the transaction.

    Deleting rows has written entries too, so afterwards.
    """
    ((count,),) = fetch_rows(_ERASE, [array(row_ids)])
    return int(count)


def forget_rows(row_ids: Sequence[UUID]) -> None:
    """The same for rows that are deleted by age, and delete the admin's log of them, which has names. Caller holds the
    transaction.
    """
    erase_entries(row_ids)
    fetch_rows(_DELETE_LOG, [array(map(str, row_ids))])


@retried(source="worker", operation="erase customer")
def erase_mentions(search: Search) -> int:
    """The same for rows of others whose entries mention the person: all of their entries. Opens the transaction."""
    # Entries are only added, and those of a row that is being changed have nothing of the person any more.
    with transaction.atomic():
        end_if_idle()
        found = [key for key, *values in candidates(ENTRIES, _TABLE, search) if _mentions(values, search)]
        if not found:
            return 0
        return erase_entries([row_id for (row_id,) in fetch_rows(_ROWS, [array(found)])])


def _mentions(values: Sequence[Any], search: Search) -> bool:
    read = [json.loads(value) if isinstance(value, str) else value for value in values if value is not None]
    return any(search.traces.is_theirs(value) or search.traces.in_json(value) != value for value in read)
