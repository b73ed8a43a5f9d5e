"""Which column of the previous system's tables is what: installations have added, renamed and dropped columns."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from leads.migrating.sources.records import CONVERSATIONS, LEADS, MESSAGES, UnreadableSource

_PHONES: Final = ("customer_phone", "phone", "phone_number", "customer_number", "contact_phone", "wa_id")
_NAMES: Final = ("customer_name", "name", "contact_name", "profile_name")
_OWNERS: Final = ("user_id", "owner_id", "business_id", "profile_id")
_CREATED: Final = ("created_at", "inserted_at", "started_at")
_UPDATED: Final = ("updated_at", "modified_at")
# field -> the columns that may have it; of several the first that is filled counts.
_FIELDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    CONVERSATIONS: {
        "id": ("id",),
        "owner": _OWNERS,
        "lead_id": ("lead_id",),
        "phone": _PHONES,
        "name": _NAMES,
        "status": ("status", "state"),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
        "last_message_at": ("last_message_at",),
    },
    LEADS: {
        "id": ("id",),
        "owner": _OWNERS,
        "conversation_id": ("conversation_id",),
        "phone": _PHONES,
        "name": _NAMES,
        "kind": ("type", "lead_type", "kind"),
        "text": ("details", "notes", "description", "message"),
        "status": ("status", "lead_status", "state"),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
    },
    MESSAGES: {
        "id": ("id",),
        "owner": _OWNERS,
        "conversation_id": ("conversation_id",),
        "phone": _PHONES,
        "name": _NAMES,
        "kind": ("sender", "direction", "role", "sender_type", "from_type"),
        "text": ("content", "body", "text", "message"),
        "status": ("status", "delivery_status"),
        "provider_id": ("provider_id", "whatsapp_message_id", "wamid", "message_sid", "twilio_sid"),
        "created_at": ("timestamp", "created_at", "sent_at", "inserted_at"),
        "updated_at": _UPDATED,
    },
}
_NEEDED: Final = {CONVERSATIONS: ("id", "phone"), LEADS: ("id",), MESSAGES: ("id", "kind", "text")}


class Columns(NamedTuple):
    """Where a table has each field, by position, and the columns that are not read."""

    positions: dict[str, tuple[int, ...]]
    unread: tuple[str, ...]

    def read(self, cells: Sequence[str | None], field: str) -> str:
        """The first filled cell of a field; "" where there is none."""
        for position in self.positions.get(field, ()):
            if position < len(cells) and (cell := cells[position]) is not None and cell.strip():
                return cell
        return ""


@lru_cache(maxsize=16)
def find_columns(table: str, header: tuple[str, ...]) -> Columns:
    """Find the fields of a table in its header. Raises UnreadableSource."""
    names = {name.strip().lower().replace(" ", "_"): position for position, name in reversed([*enumerate(header)])}
    positions = {
        field: found
        for field, aliases in _FIELDS[table].items()
        if (found := tuple(names[alias] for alias in aliases if alias in names))
    }
    for field in _NEEDED[table]:
        if field not in positions:
            wanted = " or ".join(_FIELDS[table][field])
            raise UnreadableSource(
                f"The table {table} has no column {wanted}; it has {', '.join(header) or 'no column'}."
            )
    used = {position for found in positions.values() for position in found}
    return Columns(positions, tuple(name for position, name in enumerate(header) if position not in used))
