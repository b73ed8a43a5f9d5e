"""Twilio: POST /2010-04-01/Accounts/<sid>/Messages.json (twilio.com/docs/messaging/api/message-resource).

The number's access token is "<account sid>:<auth token>", or with an API key "<account sid>:<key sid>:<key secret>".
"""

from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from requests.auth import HTTPBasicAuth

from conversations.models import PROVIDER_ID_MAX_LENGTH
from whatsapp.json_parts import object_of, text_of
from whatsapp.json_repair import NotJson, parse
from whatsapp.models import TWILIO_PREFIX
from whatsapp.outbound.outcomes import REASON_MAX_LENGTH, Failed, Outcome, Outgoing, Retry, Sent, Stopped, Unknown
from whatsapp.outbound.providers.http import Answer, Request
from whatsapp.outbound.retries import A_FEW_TIMES, BACK_OFF, PAIR_RATE, THROUGHPUT, Schedule

# Twilio's "Error and Warning Dictionary": credentials, permission, account not active or suspended.
_STOPPED: Final = frozenset(("20003", "20005", "20008", "63007", "63020"))
_AGAIN: Final[dict[str, Schedule]] = {
    "20429": THROUGHPUT,
    "14107": THROUGHPUT,
    "63018": PAIR_RATE,
    "63017": BACK_OFF,
}
_ADVICE: Final = {
    "20003": "Store the token again: account sid, colon, auth token.",
    "63007": "Twilio does not know this WhatsApp sender: check the number's id.",
    "63016": "The customer wrote last more than 24 hours ago: wait until they write, or call them.",
}


def request_for(message: Outgoing, token: str) -> Request | Outcome:
    account, colon, secret = token.partition(":")
    if not (account and colon and secret):
        return Stopped("The stored token does not have Twilio's format. Store it as account sid, colon, auth token.")
    if message.kind == "template":
        return Failed("Templates can be sent through Meta only. Send a text at Twilio.")
    user, _, password = secret.partition(":") if ":" in secret else (account, ":", secret)
    url = f"{settings.TWILIO_API_BASE_URL}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
    form = {
        "From": TWILIO_PREFIX + message.phone_number_id,
        "To": TWILIO_PREFIX + message.address,
        "Body": message.content,
    }
    if settings.PUBLIC_URL:
        # Without it Twilio uses the callback URL configured for the sender.
        form["StatusCallback"] = settings.PUBLIC_URL + reverse("whatsapp-webhook")
    return Request(url, auth=HTTPBasicAuth(user, password), data=form)


def outcome_of(answer: Answer) -> Outcome:
    try:
        tree, _ = parse(answer.body)
    except NotJson:
        tree = None
    found = object_of(tree)
    if 200 <= answer.status < 300:
        provider_id = text_of(found.get("sid"))
        if 0 < len(provider_id) <= PROVIDER_ID_MAX_LENGTH:
            return Sent(provider_id)
        return Unknown("Twilio answered 200, but not with the id of a message.")
    code = text_of(found.get("code"))
    reason = _reason(answer.status, code, text_of(found.get("message")))
    if code in _STOPPED or answer.status == 401:
        return Stopped(reason)
    if code in _AGAIN or answer.status == 429:
        return Retry(reason, _AGAIN.get(code, THROUGHPUT), answer.retry_after)
    if answer.status >= 500:
        # Without a code the response is a gateway's: Twilio, behind it, may have accepted the message.
        return Retry(reason, BACK_OFF, answer.retry_after) if code else Unknown(reason)
    return Failed(reason) if code else Retry(reason, A_FEW_TIMES, answer.retry_after)


def _reason(status: int, code: str, message: str) -> str:
    text = ": ".join(part for part in (code, message) if part) or f"Answered {status} without a reason"
    sentence = text if text.endswith((".", "!", "?")) else f"{text}."
    advice = _ADVICE.get(code) or (_ADVICE["20003"] if status == 401 else "")
    return f"{sentence} {advice}".strip()[:REASON_MAX_LENGTH]
