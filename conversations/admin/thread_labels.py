"""Labels of messages and statuses in the thread (thread_entries.py). Those of kinds: conversations/kinds.py."""

from typing import Final

from conversations.incoming import CALL_KIND

# Name in the extras -> label of messages that did not come directly from the customer to the business.
LABELS: Final = {
    "group_id": "in a group",
    "echo": "from the phone",
    "history": "imported history",
    "standby": "answered by Meta's agent",
}
# The content of a removed reaction, as whatsapp/inbound stores it.
REACTION_GONE: Final = ("", "(reaction removed)")
# Status of an outgoing message -> icon and label.
TICKS: Final = {
    "queued": ("schedule", "Queued"),
    "sending": ("schedule", "Sending"),
    "sent": ("check", "Sent"),
    "delivered": ("done_all", "Delivered"),
    "read": ("done_all", "Read"),
    "played": ("done_all", "Played"),
    "failed": ("error", "Not sent"),
    "unknown": ("help", "Perhaps sent"),
}


def tick_of(kind: str, status: str) -> tuple[str, str] | None:
    """Return icon and label for an outgoing message; None for calls, which are not sent: their status says nothing."""
    return TICKS.get(status) if kind != CALL_KIND else None
