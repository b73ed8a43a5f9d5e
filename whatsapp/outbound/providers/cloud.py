"""Meta's Cloud API: POST /<version>/<phone number id>/messages (Meta, WhatsApp, Cloud API, Messages)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import requests
from django.conf import settings
from django.utils.translation import gettext_noop
from requests.auth import AuthBase

from conversations.models import PROVIDER_ID_MAX_LENGTH
from whatsapp.json_parts import error_text, object_of, objects_of, text_of
from whatsapp.json_repair import NotJson, parse
from whatsapp.message_templates.headers import with_upload
from whatsapp.meta_errors import UNKNOWN_NUMBER, outcome_of_error, with_advice
from whatsapp.outbound.outcomes import REASON_MAX_LENGTH, Outcome, Outgoing, Problem, Retry, Sent, Stopped, Unknown
from whatsapp.outbound.providers.cloud_media import upload
from whatsapp.outbound.providers.http import Answer, Request
from whatsapp.outbound.retries import A_FEW_TIMES, THROUGHPUT

TEXT_MAX_LENGTH: Final = 4096  # Meta, Text messages: "maximum length: 4096 characters"


class Bearer(AuthBase):
    """Adds the decrypted access token to a request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def problem_of(content: str, template: Mapping[str, Any] | None) -> Problem | None:
    """Return why Meta would certainly refuse this text or template."""
    if template is not None and not template.get("name"):
        return Problem("template", gettext_noop("This goes out through Meta: give the template's name and language."))
    if template is None and len(content) > TEXT_MAX_LENGTH:
        return Problem(
            "message",
            gettext_noop("A message has 1 to %(text_max_length)s characters.") % {"text_max_length": TEXT_MAX_LENGTH},
        )
    return None


def problem_of_media(kind: str) -> Problem | None:
    """Return why Meta would certainly refuse a file of this kind."""
    return None


def request_for(message: Outgoing, token: str) -> Request | Outcome:
    """Build the request; a file is uploaded first."""
    if file := message.media:
        uploaded = upload(message, file, Bearer(token), outcome_of)
        if not isinstance(uploaded, str):
            return uploaded
        message = replace(message, extras=message.extras | {"media": file | {"uploaded": uploaded}})
    number = quote(message.phone_number_id, safe="")
    url = f"{settings.WHATSAPP_API_BASE_URL}/{settings.WHATSAPP_API_VERSION}/{number}/messages"
    return Request(url, auth=Bearer(token), json=body_of(message))


def body_of(message: Outgoing) -> dict[str, Any]:
    """Return the request's body. Numbers have a plus sign: without it Meta may add the business's country code."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        # Meta ignores a user id in `to` without an error.
        ("to" if message.is_to_phone else "recipient"): message.address,
        # Returned in every status: see StatusReport.message_id.
        "biz_opaque_callback_data": str(message.id),
    }
    if message.kind == "template":
        template = {key: found for key, found in message.extras["template"].items() if key != "content_sid"}
        if file := message.media:
            template = with_upload(template, uploaded=file["uploaded"], filename=file["filename"])
        return body | {"type": "template", "template": template}
    if file := message.media:
        named = {"filename": file["filename"]} if message.kind == "document" else {}
        caption = {"caption": file["caption"]} if file["caption"] else {}
        return body | {"type": message.kind, message.kind: {"id": file["uploaded"]} | named | caption}
    return body | {"type": "text", "text": {"body": message.content, "preview_url": False}}


def outcome_of(answer: Answer) -> Outcome:
    found = _object(answer.body)
    if 200 <= answer.status < 300:
        return _accepted(found)
    error = object_of(found.get("error"))
    if not error:
        return _without_reason(answer)
    code = _code(error.get("code"))
    is_number_unknown = code == 100 and _code(error.get("error_subcode")) == UNKNOWN_NUMBER
    meaning = UNKNOWN_NUMBER if is_number_unknown else code
    reason = _reason(code, meaning, error)
    outcome = outcome_of_error(meaning, reason, is_servers=answer.status >= 500 or error.get("is_transient") is True)
    return Retry(outcome.reason, outcome.schedule, answer.retry_after) if isinstance(outcome, Retry) else outcome


def _accepted(found: dict[str, Any]) -> Outcome:
    first = next(iter(objects_of(found.get("messages"))), {})
    provider_id = text_of(first.get("id"))
    if not 0 < len(provider_id) <= PROVIDER_ID_MAX_LENGTH:
        return Unknown(gettext_noop("Meta answered 200, but not with the id of a message."))
    details: dict[str, Any] = {}
    if text_of(first.get("message_status")) not in ("", "accepted"):
        details["message_status"] = text_of(first["message_status"])
    # The customer's identifiers as Meta writes them.
    contact = next(iter(objects_of(found.get("contacts"))), {})
    details |= {name: text_of(contact.get(name)) for name in ("wa_id", "user_id") if text_of(contact.get(name))}
    return Sent(provider_id, details)


def _without_reason(answer: Answer) -> Outcome:
    """A response that does not come from Meta's API: from a gateway, for example."""
    reason = gettext_noop("Answered %(status)s without a reason.") % {"status": answer.status}
    if answer.status >= 500:
        # The server behind the gateway may have accepted the message.
        return Unknown(reason)
    if answer.status == 401:
        return Stopped(with_advice(190, reason))
    # Refused. Meta reports its limits with status 400, and a gateway may have removed Meta's error.
    return Retry(reason, THROUGHPUT if answer.status == 429 else A_FEW_TIMES, answer.retry_after)


def _object(body: bytes) -> dict[str, Any]:
    try:
        tree, _ = parse(body)
    except NotJson:
        return {}
    return object_of(tree)


def _code(code: Any) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:9])
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _reason(code: int | None, meaning: int | None, error: dict[str, Any]) -> str:
    """Return `131047: Re-engagement message — …` with advice. Meta repeats the code in its message.

    `meaning`: the code that says what to do.
    """
    text = error_text(error).removeprefix(f"(#{code}) ")
    parts = (part for part in ("" if code is None else str(code), text) if part)
    reason = ": ".join(parts) or gettext_noop("An error without a reason.")
    sentence = reason if reason.endswith((".", "!", "?")) else f"{reason}."
    return with_advice(meaning, sentence[:REASON_MAX_LENGTH])
