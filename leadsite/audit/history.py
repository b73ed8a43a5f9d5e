"""Reads the audit: the changes of one row, as the API and the admin show them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from leadsite.audit.models import AuditEntry

Changes = Mapping[str, tuple[Any, Any]]

# Columns that refer to a person are called as in the rest of the API.
_NAMES: Final = {"assigned_to_id": "assigned_to", "deleted_by_id": "deleted_by"}
# Never change, and are known to those who ask.
_HIDDEN: Final = frozenset({"id", "user_id"})
_DELETED_AT: Final = "deleted_at"
# Of a row that has become part of another one: write_merge_audit.sql.
MERGED_INTO: Final = "merged_into"


def entries_of(table: str, row_id: UUID) -> QuerySet[AuditEntry]:
    """Return the changes of a row; their ids are in the order in which they were made."""
    return AuditEntry.objects.filter(row_id=row_id, table_name=table)


def told_entries_of(table: str, row_id: UUID) -> QuerySet[AuditEntry]:
    """Return those that people are told: of a merge, and of its undo, not also that the row was deleted, or created."""
    entries = entries_of(table, row_id)
    merges = entries.filter(transaction_id=OuterRef("transaction_id"), after__has_key=MERGED_INTO)
    return entries.exclude(Exists(merges), action__in=(AuditEntry.Action.INSERT, AuditEntry.Action.DELETE))


def changes_of(entry: AuditEntry) -> Changes:
    """Return each field with its value before and after: of an insert or a delete, all that had a value."""
    before, after = entry.before or {}, entry.after or {}
    return {
        _NAMES.get(name, name): (before.get(name), after.get(name))
        for name in [*after, *(name for name in before if name not in after)]
        if name not in _HIDDEN and not (before.get(name) is None and after.get(name) is None)
    }


def action_of(entry: AuditEntry) -> str:
    """Return insert, update or delete; delete and restore also where a row was marked so."""
    if entry.action == AuditEntry.Action.UPDATE and _DELETED_AT in (entry.after or {}):
        return "restore" if entry.after[_DELETED_AT] is None else "delete"
    return entry.action
