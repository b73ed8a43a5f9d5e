"""The way out: `send` hands one message to the number's provider, or prints it, and says what became of it.

What a provider is: a module with request_for (a message and the token in clear become one request, or an outcome where
that is not possible) and outcome_of (what its answer means).
"""

from types import ModuleType
from typing import Final

import structlog
from django.conf import settings

from leadsite.core.encryption import SecretUnreadable, decrypt
from whatsapp.models import ChannelInvalid, check_token
from whatsapp.outbound.outcomes import Again, Failed, NotSent, Outcome, Outgoing, Stopped, Uncertain, Unknown
from whatsapp.outbound.providers import cloud, console, twilio
from whatsapp.outbound.providers.http import Request, post

log = structlog.get_logger(__name__)

CONSOLE: Final = "console"
PROVIDERS: Final[dict[str, ModuleType]] = {"cloud": cloud, "twilio": twilio}


class NoToken(Exception):
    """The number's messages have to wait until a token is stored; says why."""


def send(message: Outgoing) -> Outcome:
    """Hand over one message, once. Never raises: what is not known counts as perhaps sent."""
    if settings.WHATSAPP_BACKEND == CONSOLE:
        return console.send(message)
    request = _request(message)
    if not isinstance(request, Request):
        return request
    try:
        return PROVIDERS[message.provider].outcome_of(post(request))
    except NotSent as error:
        return Again(str(error))
    except Uncertain as error:
        return Unknown(str(error))
    except Exception as error:
        return Unknown(_our_fault(message, error))


def _request(message: Outgoing) -> Request | Outcome:
    """Everything up to the request; what goes wrong here has certainly not been sent."""
    try:
        request: Request | Outcome = PROVIDERS[message.provider].request_for(message, token_of(message))
        return request
    except NoToken as error:
        return Stopped(str(error))
    except Exception as error:
        return Failed(_our_fault(message, error))


def _our_fault(message: Outgoing, error: Exception) -> str:
    # Its kind only: the text of an error may quote the token, or the customer.
    log.error("provider_broken", provider=message.provider, message_id=str(message.id), error=type(error).__name__)
    return f"Sending broke on our side: {type(error).__name__}."


def token_of(message: Outgoing) -> str:
    """The number's token in clear. Raises NoToken."""
    if not message.token:
        raise NoToken("No access token is stored for this number. Store one.")
    try:
        return check_token(decrypt(message.token))
    except (SecretUnreadable, ChannelInvalid) as error:
        raise NoToken(f"{error} Store the token again.") from error
