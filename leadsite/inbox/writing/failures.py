"""Messages that did not arrive, or perhaps did not: what a person can do about each."""

from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from conversations.models import SETTLED, Message
from whatsapp.outbound.resolve import can_be_sent_again

# A message about which nobody has decided, as in the index messages_undelivered.
UNDELIVERED: Final = f"status IN ('failed', 'unknown') AND NOT (extras ? '{SETTLED}')"

TWICE: Final = _(
    "It may have arrived: then the customer gets it twice. Ask them, or look at the phone, before you send it again."
)
TOO_LATE: Final = _(
    "The customer has not written in the last 24 hours, so WhatsApp will probably refuse this text again. Send a"
    " template in its place, or leave it."
)
_NOT_KNOWN: Final = _(
    "It is not known whether the customer received this: the connection broke while it was sent. WhatsApp may still"
    " report it; or ask the customer, and decide."
)
_NOT_RECEIVED: Final = _("The customer did not receive this.")
_CHANGE: Final = _("Change what the reason says, then send it again; or leave it.")
_WRITE: Final = _("Write to them again; or leave it.")


class Failure(NamedTuple):
    """`ask`: what may happen if it is sent again, to be read first; "" where nothing may."""

    advice: str
    can_be_sent_again: bool
    ask: str
    is_unknown: bool


def failure_of(message: Message, *, is_open: bool) -> Failure | None:
    """Return what can be done; None for messages that have not failed, or about which somebody has decided.

    `is_open`: whether WhatsApp accepts free text now.
    """
    if message.status not in (Message.Status.FAILED, Message.Status.UNKNOWN) or SETTLED in message.extras:
        return None
    again = can_be_sent_again(message)
    if message.status == Message.Status.UNKNOWN:
        return Failure(str(_NOT_KNOWN), again, str(TWICE), is_unknown=True)
    if again and message.kind != "template" and not is_open:
        return Failure(f"{_NOT_RECEIVED} {TOO_LATE}", again, "", is_unknown=False)
    step = _CHANGE if again else _WRITE
    return Failure(f"{_NOT_RECEIVED} {step}", again, "", is_unknown=False)
