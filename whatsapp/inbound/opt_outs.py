"""Reads the words by which customers opt out of messages, and in again.

Meta reports choices by events of their own (meta/preferences.py); here are the taps on a template's button that says
so.

Twilio, "Customize users' opt-in and opt-out experience with Advanced Opt-Out": a Messaging Service recognises the
words of its own list and says so in `OptOutType`. Without it the words of Twilio's standard list are recognised, where
they are the whole message (Twilio, "Twilio support for opt-out keywords").
"""

from dataclasses import replace
from typing import Final

from conversations.incoming import MessageEvent, Opens
from whatsapp.inbound.twilio_contents import Form

_TYPES: Final = {"STOP": True, "START": False, "HELP": None}
# Words that mean nothing else, and words that may as well be an answer to the business.
_CLEAR_STOPS: Final = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT"))
_STOPS: Final = _CLEAR_STOPS | {"CANCEL", "END", "QUIT", "REVOKE"}
_STARTS: Final = frozenset(("START", "YES", "UNSTOP"))
_STOP_BUTTONS: Final = _CLEAR_STOPS | {"OPT OUT", "STOP PROMOTIONS", "STOP MARKETING"}


def with_tapped_choice(event: MessageEvent) -> MessageEvent:
    """Return the event; a tap on a button such as "Unsubscribe" opts out, and is no work for staff."""
    if event.kind not in ("button", "interactive") or event.content.strip().upper() not in _STOP_BUTTONS:
        return event
    return replace(event, opens=Opens.CONVERSATION, stops_marketing=True)


def stops_marketing(form: Form) -> bool | None:
    """Whether the customer opts out; False where they opt in again, None where the message is about something else."""
    named = form.get("OptOutType", "").upper()
    if named in _TYPES:
        return _TYPES[named]
    word = _word(form)
    return True if word in _STOPS else False if word in _STARTS else None


def opens(form: Form) -> Opens:
    """What the message opens: a word that only opts out or in is no work for staff, "Cancel" and "Yes" may be."""
    is_only_a_choice = form.get("OptOutType", "").upper() in ("STOP", "START") or _word(form) in _CLEAR_STOPS
    return Opens.CONVERSATION if is_only_a_choice else Opens.LEAD


def _word(form: Form) -> str:
    return form.get("Body", "").strip().upper()
