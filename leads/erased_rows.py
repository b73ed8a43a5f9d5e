"""Rows of people who were erased after their import had begun: the rest of the run does not bring them back.

They count as skipped, and are not stored as refused: that would keep them. A new run of the same file is a new act of
the business, and creates them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID

from conversations.erasing.marks import PHONE, Identifier
from conversations.models import ErasedMark
from leads.models import ImportRun
from leads.services.file_rows import CheckedRows
from leads.services.rules import CheckedLead, LeadError
from leadsite.core.transactions import ConcurrentChange

ERASED: Final = LeadError("customer_phone", "The customer was erased after this import had begun.")


@contextmanager
def without_erased(rows: CheckedRows, *, user_id: UUID, run_id: UUID | None) -> Iterator[CheckedRows]:
    """Yield the rows with ERASED in place of those of erased people. Caller holds the transaction; the block imports.

    Two statements, two more where people were erased since the run began; none for a dry run. Raises ConcurrentChange
    where somebody is erased while the block runs; django.db.Error.
    """
    if run_id is None:
        yield rows
        return
    newest = ErasedMark.objects.newest([user_id])
    yield rows if newest is None else _marked(rows, user_id, run_id)
    # The customers are locked by now: those who are erased from here on are erased with what was imported.
    if ErasedMark.objects.newest([user_id]) != newest:
        raise ConcurrentChange("A person of this business was erased at the same moment.")


def _marked(rows: CheckedRows, user_id: UUID, run_id: UUID) -> CheckedRows:
    began = ImportRun.objects.values_list("created_at", flat=True).get(pk=run_id)
    people = {
        n: Identifier(user_id, PHONE, lead.phone_key)
        for n, lead in enumerate(rows.leads)
        if isinstance(lead, CheckedLead) and lead.phone_key
    }
    times = ErasedMark.objects.times(list(people.values()))
    gone = {n for n, person in people.items() if person in times and times[person] > began}
    return replace(rows, leads=[ERASED if n in gone else lead for n, lead in enumerate(rows.leads)])
