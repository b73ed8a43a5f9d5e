"""Sends one message through the number's provider, or prints it, and returns the outcome.

A provider is a module with problem_of (what it would certainly refuse), request_for (builds the request from a message
and the decrypted token, or returns an outcome where that is not possible) and outcome_of (interprets the response).
"""

import time
from types import ModuleType
from typing import Final

import structlog
from django.conf import settings
from django.utils.translation import gettext_noop

from leadsite.core.encryption import SecretUnreadable, decrypt
from whatsapp.models import ChannelInvalid, check_token
from whatsapp.outbound.outcomes import (
    NOT_IN_TIME,
    Failed,
    NotSent,
    Outcome,
    Outgoing,
    Retry,
    Stopped,
    Uncertain,
    Unknown,
)
from whatsapp.outbound.providers import cloud, console, twilio
from whatsapp.outbound.providers.http import Request, post

log = structlog.get_logger(__name__)

CONSOLE: Final = "console"
PROVIDERS: Final[dict[str, ModuleType]] = {"cloud": cloud, "twilio": twilio}


class NoToken(Exception):
    """The number has no usable token, so its messages wait. The message says why."""


def send(message: Outgoing) -> Outcome:
    """Send one message, once. Never raises: an unexpected error after the request left is Unknown."""
    if settings.WHATSAPP_BACKEND == CONSOLE:
        return console.send(message)
    request = _request(message)
    if not isinstance(request, Request):
        return request
    try:
        return PROVIDERS[message.provider].outcome_of(post(request))
    except NotSent as error:
        return Retry(str(error))
    except Uncertain as error:
        return Unknown(str(error))
    except Exception as error:
        return Unknown(_internal_error(message, error))


def _request(message: Outgoing) -> Request | Outcome:
    """Build the request; after an error here the message has certainly not been sent."""
    try:
        request: Request | Outcome = PROVIDERS[message.provider].request_for(message, token_of(message.token))
        if isinstance(request, Request) and time.monotonic() > message.begin_until:
            # The upload of its file took too long: staff may see it as unknown already, and send it again.
            return NOT_IN_TIME
        return request
    except NoToken as error:
        return Stopped(str(error))
    except Exception as error:
        return Failed(_internal_error(message, error))


def _internal_error(message: Outgoing, error: Exception) -> str:
    # Only the type: the text of an error may quote the token or the customer.
    log.error("provider_broken", provider=message.provider, message_id=str(message.id), error=type(error).__name__)
    return gettext_noop("Internal error while sending: %(name__)s.") % {"name__": type(error).__name__}


def token_of(encrypted: str) -> str:
    """Return the number's decrypted token. Raises NoToken."""
    if not encrypted:
        raise NoToken(gettext_noop("No access token is stored for this number. Store one."))
    try:
        return check_token(decrypt(encrypted))
    except (SecretUnreadable, ChannelInvalid) as error:
        raise NoToken(gettext_noop("%(error)s Store the token again.") % {"error": error}) from error
