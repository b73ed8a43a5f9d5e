"""What the self-check looks for in the audit: rows of which it does not know, and rows that are not as it says."""

from typing import Final

from leadsite.audit.tables import AUDITED, AuditedTable
from leadsite.monitoring.integrity_checks import Check

# Replaced by integrity.py: since when the audit is kept, and which rows are compared.
SINCE: Final = "{since}"
PART: Final = "{part}"
_OWNERS: Final = {"users": "t.id", "memberships": "t.business_id"}
# With each message and request, these grow: an hourly check compares what has changed lately, and a part of the rest.
_LARGE: Final = frozenset({"leads", "conversations", "customers"})
_ENTRIES: Final = "FROM audit_entries AS a WHERE a.row_id = t.id"
_STATE: Final = """EXISTS (
    SELECT FROM (SELECT to_jsonb(t) AS row OFFSET 0) AS present, (
        SELECT DISTINCT ON (f.key) f.key, f.value
        FROM audit_entries AS a CROSS JOIN LATERAL jsonb_each(a.after) AS f
        WHERE a.row_id = t.id ORDER BY f.key, a.id DESC) AS said
    WHERE said.key <> ALL ('{secret}') AND present.row ? said.key AND said.value <> present.row -> said.key)"""


def _checks_of(table: AuditedTable) -> tuple[Check, Check]:
    owner = _OWNERS.get(table.name, "t.user_id")
    part = f"{PART} AND " if table.name in _LARGE else ""
    return (
        Check(
            name=f"{table.name}_without_audit",
            table=table.name,
            condition=f"t.created_at >= {SINCE} AND NOT EXISTS (SELECT {_ENTRIES} AND a.action = 'insert')",
            meaning=f"rows of {table.name} that the audit has not seen coming",
            advice="Somebody has inserted them with triggers off. Find out who; the rows themselves may be right.",
            owner=owner,
        ),
        Check(
            name=f"{table.name}_differ_from_audit",
            table=table.name,
            condition=part + _STATE.replace("{secret}", "{" + ",".join(table.secret) + "}"),
            meaning=f"rows of {table.name} that are not as the audit says",
            advice="Somebody has changed them with triggers off, or the audit itself. Compare a row with its last"
            " entries in audit_entries.",
            owner=owner,
        ),
    )


AUDIT: Final = tuple(check for table in AUDITED.values() if table.key == "id" for check in _checks_of(table))
