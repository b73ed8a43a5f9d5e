"""Reads Twilio's deliveries: a form for each message and each status.

"Twilio's request to your incoming message webhook URL" (twilio.com/docs/messaging/guides/webhook-request) and "Outbound
message status in status callbacks" (…/guides/outbound-message-status-in-status-callbacks) list the parameters, and
say that new ones may be added without notice. `ExternalUserId` is the business-scoped user id; where the customer
hides the number, `From` contains it as well (dimagi/open-chat-studio#3322).
"""

from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from conversations.incoming import MessageEvent, Sender
from conversations.models import (
    CONTENT_MAX_LENGTH,
    NAME_MAX_LENGTH,
    PROVIDER_ID_MAX_LENGTH,
    WHATSAPP_USER_ID_MAX_LENGTH,
)
from conversations.phone import PhoneInvalid, normalise
from conversations.visible_text import visible_text
from whatsapp.inbound import opt_outs
from whatsapp.inbound.events import STATUS_ERROR_MAX_LENGTH, Reading, StatusEvent, UnreadableBody, extras_of_event
from whatsapp.inbound.twilio_contents import ID_NAMES, NOT_EXTRA, Form, content_of, extras_of, kind_of
from whatsapp.inbound.twilio_parts import parts_of
from whatsapp.json_repair import storable
from whatsapp.twilio_errors import error_of, with_words

# Twilio sends about thirty; parsing a million would block a worker for seconds.
MAX_PARAMETERS: Final = 1000
MAX_NAMES_LENGTH: Final = 200

_KNOWN: Final = {*ID_NAMES, "From", "To", "Body", "WaId", "MessageStatus", "SmsStatus", "NumMedia"}
_INBOUND: Final = {"", "received", "receiving"}
_NOT_YET_SENT: Final = {"accepted", "scheduled", "queued", "sending"}
_STATUSES: Final = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
}


def parameters(body: bytes) -> list[tuple[str, str]]:
    """Return the form's names and values in order, including blank ones: the signature covers all of them.

    A byte that is not UTF-8 becomes a lone surrogate, which can be turned back into the byte. Raises UnreadableBody.
    """
    text = body.decode(errors="surrogateescape")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise UnreadableBody(f"This is a form of more than {MAX_PARAMETERS} parameters.") from error


def business_numbers(form: Form) -> list[str]:
    """Return the numbers to which a form may belong: of a message To, of a status From."""
    numbers = (_number(storable(form.get(name, "")).strip()) for name in ("To", "From"))
    return [number for number in dict.fromkeys(numbers) if number]


def read(body: bytes, received_at: datetime) -> Reading:
    """Read one delivery. Twilio sends no times, so the events have no provider time and `received_at` is not used.

    Raises UnreadableBody where the body is not one of Twilio's forms.
    """
    reading = Reading()
    form: dict[str, str] = {}
    changed = []
    for raw_name, raw_value in parameters(body):
        name, value = storable(raw_name), storable(raw_value)
        if (name, value) != (raw_name, raw_value):
            changed.append(name)
        form.setdefault(name, value if name == "Body" else value.strip())
    if not _KNOWN & form.keys():
        raise UnreadableBody("This is not a form from Twilio: it has none of Twilio's parameters.")
    if changed:
        names = ", ".join(changed)[:MAX_NAMES_LENGTH]
        reading.notes.append(f"{names}: had characters that cannot be stored; they were replaced.")

    status = (form.get("MessageStatus") or form.get("SmsStatus", "")).lower()
    if not 0 < len(_message_id(form)) <= PROVIDER_ID_MAX_LENGTH:
        reading.rejected.append("MessageSid: missing, or too long.")
    elif status in _INBOUND:
        _read_message(form, reading)
    else:
        _read_status(form, status, reading)
    return reading


def _message_id(form: Form) -> str:
    return next((form[name] for name in ID_NAMES if form.get(name)), "")


def _read_message(form: Form, reading: Reading) -> None:
    channel, customer = _number(form.get("To", "")), _sender(form)
    if not channel:
        reading.rejected.append("To: missing, so this message is for no number.")
    if customer is None:
        reading.rejected.append("From: missing, or neither a phone number nor a WhatsApp user id.")
    if not channel or customer is None:
        return
    content = content_of(form)
    if len(content) > CONTENT_MAX_LENGTH:
        reading.notes.append(f"Body: longer than {CONTENT_MAX_LENGTH} characters; cut.")
    if len(form.get("ProfileName", "")) > NAME_MAX_LENGTH:
        reading.notes.append(f"ProfileName: longer than {NAME_MAX_LENGTH} characters; cut.")
    reading.events.append(
        MessageEvent(
            channel=channel,
            customer=customer,
            provider_id=_message_id(form),
            direction="in",
            kind=kind_of(form),
            content=content[:CONTENT_MAX_LENGTH],
            provider_time=None,
            opens=opt_outs.opens(form),
            extras=extras_of_event(extras_of(form)),
            parts=parts_of(form),
            stops_marketing=opt_outs.stops_marketing(form),
        )
    )


def _read_status(form: Form, provider_status: str, reading: Reading) -> None:
    if provider_status in _NOT_YET_SENT:
        return
    status = _STATUSES.get(provider_status)
    channel = _number(form.get("From", ""))
    if status is None:
        reading.notes.append(f"MessageStatus: {provider_status[:50]!r} is not known.")
    if not channel:
        reading.rejected.append("From: missing, so this status is for no number.")
    if status is None or not channel:
        return
    details = {name: value for name, value in form.items() if value and name not in NOT_EXTRA}
    failed = status == "failed"
    code = form.get("ErrorCode", "") if failed else ""
    reading.events.append(
        StatusEvent(
            channel=channel,
            provider_id=_message_id(form),
            status=status,
            provider_time=None,
            error=_error(form, code, provider_status) if failed else "",
            stops_number=error_of(code).stops,
            opts_out=error_of(code).opts_out,
            recipient=_recipient(form) if error_of(code).opts_out else None,
            schedule=error_of(code).schedule,
            details=details,
        )
    )


def _error(form: Form, code: str, provider_status: str) -> str:
    """Return Twilio's error with its meaning; the status where there is neither code nor message."""
    message = form.get("ErrorMessage") or form.get("ChannelStatusMessage", "")
    return (with_words(code, message) or provider_status)[:STATUS_ERROR_MAX_LENGTH]


def _address(text: str) -> str:
    """Return the address without the prefix "whatsapp:"."""
    return text[len("whatsapp:") :].strip() if text.lower().startswith("whatsapp:") else text


def _number(text: str) -> str:
    """Return the business's number as channels store it; other text unchanged, which matches no channel."""
    return _phone(_address(text)) or _address(text)


def _phone(text: str) -> str | None:
    try:
        return normalise(text)
    except PhoneInvalid:
        return None


def _recipient(form: Form) -> Sender:
    address = _address(form.get("To", ""))
    phone = _phone(address)
    return Sender(phone=phone, whatsapp_user_id=None if phone else address or None)


def _sender(form: Form) -> Sender | None:
    sender, wa_id = _address(form.get("From", "")), _address(form.get("WaId", ""))
    # WaId has no plus sign.
    from_phone, wa_phone = _phone(sender), _phone(f"+{wa_id.removeprefix('+')}")
    user_ids = (
        _address(form.get("ExternalUserId", "")),
        "" if from_phone else sender,
        "" if wa_phone else wa_id,
    )
    user_id = next((text for text in user_ids if 0 < len(text) <= WHATSAPP_USER_ID_MAX_LENGTH), None)
    phone = from_phone or wa_phone
    if not phone and not user_id:
        return None
    name = visible_text(form.get("ProfileName", "")[:NAME_MAX_LENGTH].strip())
    return Sender(phone=phone, whatsapp_user_id=user_id, name=name)
