"""Twilio: POST /2010-04-01/Accounts/<sid>/Messages.json (twilio.com/docs/messaging/api/message-resource).

The number's access token is "<account sid>:<auth token>", or with an API key "<account sid>:<key sid>:<key secret>".
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_noop
from requests.auth import HTTPBasicAuth

from conversations.media.links import program_link
from conversations.models import PROVIDER_ID_MAX_LENGTH
from whatsapp.json_parts import object_of, objects_of, text_of
from whatsapp.json_repair import NotJson, parse
from whatsapp.models import TWILIO_PREFIX
from whatsapp.outbound.outcomes import (
    REASON_MAX_LENGTH,
    Failed,
    Outcome,
    Outgoing,
    Problem,
    Retry,
    Sent,
    Stopped,
    Unknown,
)
from whatsapp.outbound.providers.http import Answer, Request
from whatsapp.outbound.retries import A_FEW_TIMES, BACK_OFF, THROUGHPUT
from whatsapp.twilio_errors import error_of, with_words

TEXT_MAX_LENGTH: Final = 1600  # error 21617
# How long Twilio may fetch a file after the message was given to it.
MEDIA_LIFE: Final = timedelta(hours=1)


def problem_of(content: str, template: Mapping[str, Any] | None) -> Problem | None:
    """Return why Twilio would certainly refuse this text or template."""
    if template is not None and not template.get("content_sid"):
        sentence = gettext_noop(
            "This goes out through Twilio, which sends a template by its content_sid (HX…). Give it too."
        )
        return Problem("template", sentence)
    if template is None and len(content) > TEXT_MAX_LENGTH:
        sentence = gettext_noop(
            "This goes out through Twilio: a message has at most %(text_max_length)s characters there."
        ) % {"text_max_length": TEXT_MAX_LENGTH}
        return Problem("message", sentence)
    return None


def problem_of_media(kind: str) -> Problem | None:
    """Return why Twilio would certainly refuse a file of this kind: it fetches files from this site."""
    if settings.PUBLIC_URL:
        return None
    sentence = gettext_noop(
        "This goes out through Twilio, which fetches files from this site: its operator has to set PUBLIC_URL."
    )
    return Problem("media", sentence)


def request_for(message: Outgoing, token: str) -> Request | Outcome:
    account, colon, secret = token.partition(":")
    if not (account and colon and secret):
        return Stopped(
            gettext_noop("The stored token does not have Twilio's format. Store it as account sid, colon, auth token.")
        )
    template = message.extras["template"] if message.kind == "template" else None
    if problem := problem_of(message.content, template):
        return Failed(problem.sentence)
    user, _, password = secret.partition(":") if ":" in secret else (account, ":", secret)
    url = f"{settings.TWILIO_API_BASE_URL}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
    form = {"From": TWILIO_PREFIX + message.phone_number_id, "To": TWILIO_PREFIX + message.address}
    if template:
        form |= _template_form(template)
    elif file := message.media:
        form |= {"MediaUrl": program_link(UUID(file["id"]), life=MEDIA_LIFE)}
        form |= {"Body": file["caption"]} if file["caption"] else {}
    else:
        form["Body"] = message.content
    if settings.PUBLIC_URL:
        # Without it Twilio uses the callback URL configured for the sender.
        form["StatusCallback"] = settings.PUBLIC_URL + reverse("whatsapp-webhook")
    return Request(url, auth=HTTPBasicAuth(user, password), data=form)


def _template_form(template: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a template (twilio.com/docs/content/send-templates-created-with-the-content-template-builder).

    The texts of its components are the variables, by their names or counted from 1.
    """
    parameters = [
        parameter
        for component in objects_of(template.get("components"))
        for parameter in objects_of(component.get("parameters"))
        if isinstance(parameter.get("text"), str)
    ]
    variables = {
        text_of(parameter.get("parameter_name")) or str(number): parameter["text"]
        for number, parameter in enumerate(parameters, start=1)
    }
    form: dict[str, str] = {"ContentSid": template["content_sid"]}
    return form | ({"ContentVariables": json.dumps(variables)} if variables else {})


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
        return Unknown(gettext_noop("Twilio answered 200, but not with the id of a message."))
    code = text_of(found.get("code"))
    error = error_of(code)
    reason = _reason(answer.status, code, text_of(found.get("message")))
    if error.stops or answer.status == 401:
        return Stopped(reason)
    if error.schedule or answer.status == 429:
        return Retry(reason, error.schedule or THROUGHPUT, answer.retry_after)
    if answer.status >= 500:
        # Without a code the response is a gateway's: Twilio, behind it, may have accepted the message.
        return Retry(reason, BACK_OFF, answer.retry_after) if code else Unknown(reason)
    return Failed(reason, opts_out=error.opts_out) if code else Retry(reason, A_FEW_TIMES, answer.retry_after)


def _reason(status: int, code: str, message: str) -> str:
    if status == 401 and not error_of(code).stops:
        return with_words("20003", message)[:REASON_MAX_LENGTH]
    return (with_words(code, message) or gettext_noop("Answered %(status)s without a reason.") % {"status": status})[
        :REASON_MAX_LENGTH
    ]
