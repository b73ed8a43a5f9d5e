"""Labels of messages and statuses in the thread (thread_entries.py). Those of kinds: conversations/kinds.py."""

from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.incoming import CALL_KIND

# Name in the extras -> label of messages that did not come directly from the customer to the business.
LABELS: Final = {
    "group_id": _("in a group"),
    "echo": _("from the phone"),
    "history": _("imported history"),
    "standby": _("answered by Meta's agent"),
}
# The content of a removed reaction, as whatsapp/inbound stores it.
REACTION_GONE: Final = ("", "(reaction removed)")
# Status of an outgoing message -> icon and label.
TICKS: Final = {
    "queued": ("schedule", _("Queued")),
    "sending": ("schedule", _("Sending")),
    "sent": ("check", _("Sent")),
    "delivered": ("done_all", _("Delivered")),
    "read": ("done_all", _("Read")),
    "played": ("done_all", _("Played")),
    "failed": ("error", _("Not sent")),
    "unknown": ("help", _("Perhaps sent")),
}


def tick_of(kind: str, status: str) -> tuple[str, Any] | None:
    """Return icon and label for an outgoing message; None for calls, which are not sent: their status says nothing."""
    return TICKS.get(status) if kind != CALL_KIND else None


def reference(quote: str) -> str:
    """What a reaction is to."""
    return gettext("to: %(quote)s") % {"quote": quote} if quote else gettext("to an earlier message")


def deletion(who: str, quote: str) -> str:
    """Who deleted which message."""
    if quote:
        return gettext("%(who)s deleted an earlier message: %(quote)s") % {"who": who, "quote": quote}
    return gettext("%(who)s deleted a message") % {"who": who}
