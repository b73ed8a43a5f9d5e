"""The audited tables, and what the audit keeps of their columns.

To audit one more table: a line here, and `AuditTable("…")` in a migration after the one that creates it.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.db import migrations


@dataclass(frozen=True, slots=True)
class AuditedTable:
    """`ignored`: columns that change without anybody's decision (times, counters, what is derived from other columns
    or from messages); a change of these alone has no entry. `secret`: their values are never stored, only that one
    changed. `key`: the primary key; one that is no UUID, and is itself a secret, is known by its hash.
    """

    name: str
    ignored: tuple[str, ...] = ("updated_at",)
    secret: tuple[str, ...] = ()
    key: str = "id"

    @property
    def arguments(self) -> tuple[str, str, str]:
        """Those of the triggers: see write_audit.sql."""
        return "{" + ",".join(self.ignored) + "}", "{" + ",".join(self.secret) + "}", self.key


_TABLES: Final = (
    AuditedTable("leads", ignored=("updated_at", "version")),
    # Each message moves these; the messages themselves say when.
    AuditedTable(
        "conversations", ignored=("updated_at", "last_message_at", "last_inbound_at", "waiting_since", "handled_at")
    ),
    # Each message with both identifiers moves identified_at.
    AuditedTable("customers", ignored=("updated_at", "phone_key", "identified_at", "paced_until")),
    AuditedTable(
        "channels",
        ignored=(
            *("updated_at", "paced_until", "first_delivery_at", "first_inbound_at", "first_sent_at", "first_status_at"),
            *("templates_read_at", "templates_error"),
        ),
        secret=("encrypted_access_token", "encrypted_app_secret"),
    ),
    AuditedTable("api_keys", ignored=("last_used_at",), secret=("digest",), key="digest"),
    AuditedTable(
        "webhook_endpoints",
        ignored=("updated_at", "failing_since"),
        secret=("encrypted_secret", "former_secrets", "encrypted_headers"),
    ),
    AuditedTable("memberships", ignored=()),
    AuditedTable("users", ignored=("last_login",), secret=("password",)),
)
AUDITED: Final = {table.name: table for table in _TABLES}
_EVENTS: Final = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
}


class AuditTable(migrations.RunSQL):
    """The triggers of an audited table, as AUDITED has it; run again in a later migration, it replaces them."""

    def __init__(self, name: str) -> None:
        self.name = name
        arguments = ", ".join(f"'{argument}'" for argument in AUDITED[name].arguments)
        super().__init__(
            "; ".join(
                f"CREATE OR REPLACE TRIGGER {name}_audit_{event} AFTER {event.upper()} ON {name} {rows}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION write_audit({arguments})"
                for event, rows in _EVENTS.items()
            ),
            "; ".join(f"DROP TRIGGER {name}_audit_{event} ON {name}" for event in _EVENTS),
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.name], {}
