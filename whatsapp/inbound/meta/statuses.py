"""Reads statuses of outgoing messages, and why they failed."""

import re
from collections.abc import Iterator
from typing import Final

from whatsapp.inbound.events import CALLBACK_DATA_MAX_LENGTH, STATUS_ERROR_MAX_LENGTH, StatusEvent
from whatsapp.inbound.meta.messages import Source, provider_id_of
from whatsapp.inbound.meta.senders import STATUS_RECIPIENT, identifiers
from whatsapp.json_parts import Part, error_text, objects_of, text_of
from whatsapp.meta_errors import says_opted_out, schedule_of, stops_the_number, with_advice

_STATUSES: Final = frozenset(("sent", "delivered", "read", "played", "failed"))
_CODE: Final = re.compile("[0-9]{1,9}")
_PLAIN_WORD: Final = re.compile("[A-Za-z_]{1,30}")


def status_events(status: Part, source: Source) -> Iterator[StatusEvent]:
    """Yield a status of an outgoing message (Meta, Status messages webhook reference)."""
    provider_id = provider_id_of(status)
    if provider_id is None:
        return
    state = status.text("status")
    if not state:
        status.reject("status is missing")
        return
    if state not in _STATUSES:
        quoted = f" '{state}'" if _PLAIN_WORD.fullmatch(state) else ""
        status.note(f"status{quoted} is not known; ignored")
        return
    details = {key: found for key in ("pricing", "conversation") if isinstance(found := status.data.get(key), dict)}
    code, failure = _failure(status) if state == "failed" else (None, "")
    opts_out = code is not None and says_opted_out(code)
    recipient = identifiers(status, **STATUS_RECIPIENT)
    names_both = recipient.phone and recipient.whatsapp_user_id
    yield StatusEvent(
        channel=source.channel,
        provider_id=provider_id,
        status=state,
        provider_time=status.moment("timestamp", source.received_at),
        error=failure,
        stops_number=code is not None and stops_the_number(code),
        opts_out=opts_out,
        recipient=recipient.sender() if opts_out or names_both else None,
        schedule=schedule_of(code) if code is not None else None,
        callback_data=status.text("biz_opaque_callback_data")[:CALLBACK_DATA_MAX_LENGTH],
        details=details,
    )


def _failure(status: Part) -> tuple[int | None, str]:
    """The code of the error, and its text, with advice where there is some."""
    error = next(iter(objects_of(status.data.get("errors"))), {})
    code = text_of(error.get("code"))
    reason = ": ".join(part for part in (code, error_text(error)) if part)
    number = int(code) if _CODE.fullmatch(code) else None
    return number, with_advice(number, reason)[:STATUS_ERROR_MAX_LENGTH]
