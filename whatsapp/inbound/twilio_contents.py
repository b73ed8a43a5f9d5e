"""The kind, content and extras of Twilio's messages: see twilio.py for the pages that list the parameters."""

import re
from collections.abc import Mapping
from typing import Any, Final

from whatsapp.inbound.form_answers import answers_of, form_text

Form = Mapping[str, str]

ID_NAMES: Final = ("MessageSid", "SmsSid", "SmsMessageSid")

_MEDIA_KINDS: Final = {"image", "video", "audio"}
_CARD_TYPES: Final = {"text/vcard", "text/x-vcard", "text/directory"}
_VOICE_TYPE: Final = "audio/ogg"
_KIND: Final = re.compile("[a-z_]{1,50}")
# The answers of a form, as JSON (Twilio, Content types: flows).
_ANSWERS: Final = ("InteractiveData", "FlowData")
# Twilio's account, and parameters that are stored in columns.
NOT_EXTRA: Final = {*ID_NAMES, "AccountSid", "From", "To", "Body", "ProfileName", "WaId", "ReferralNumMedia"}


def kind_of(form: Form) -> str:
    """Return the kind by the parameters present, then by MessageType, which old deliveries lack."""
    named = form.get("MessageType", "").lower()
    if form.get("Latitude") and form.get("Longitude"):
        return "location"
    if form.get("MediaUrl0") or form.get("MediaContentType0"):
        return named if named in {*_MEDIA_KINDS, "document", "sticker", "contacts"} else _media_kind(form)
    if _KIND.fullmatch(named):
        return named
    if form.get("ButtonText") or form.get("ButtonPayload"):
        return "button"
    if any(form.get(name) for name in ("ListId", "ListTitle", *_ANSWERS)):
        return "interactive"
    return "text" if form.get("Body") else "unsupported"


def _media_kind(form: Form) -> str:
    content_type = _content_type(form)
    if content_type in _CARD_TYPES:
        return "contacts"
    family = content_type.partition("/")[0]
    return family if family in _MEDIA_KINDS else "document"


def content_of(form: Form) -> str:
    """Return the answers of a form, the text, what was tapped or chosen, or the place."""
    chosen = " – ".join(form[name] for name in ("ListTitle", "ListDescription") if form.get(name))
    body = form.get("Body", "")
    given = [form[name] for name in _ANSWERS if form.get(name)]
    answers = form_text(next(filter(answers_of, given), None), body) if given else ""
    # Of a choice, Body is the title.
    text = chosen if body in ("", form.get("ListTitle")) and chosen else body
    return answers or text or form.get("ButtonText") or form.get("ButtonPayload") or _place(form)


def _place(form: Form) -> str:
    """Return a location's name and address, and its position."""
    named = ", ".join(form[name] for name in ("Label", "Address") if form.get(name))
    position = ", ".join(form[name] for name in ("Latitude", "Longitude") if form.get(name))
    return " ".join(part for part in (named, f"({position})" if position else "") if part)


def extras_of(form: Form) -> dict[str, Any]:
    """Return all other parameters, with Twilio's names, and whether it is a voice note.

    Twilio does not say so; the format is that in which WhatsApp records them.
    """
    extras: dict[str, Any] = {name: value for name, value in form.items() if value and name not in NOT_EXTRA}
    is_voice_note = kind_of(form) == "audio" and _content_type(form) == _VOICE_TYPE
    return extras | ({"voice": True} if is_voice_note else {})


def _content_type(form: Form) -> str:
    return form.get("MediaContentType0", "").partition(";")[0].strip().lower()
