"""The way out: `send` hands one message to the number's provider, or prints it, and says what became of it."""

from collections.abc import Callable
from typing import Final

import structlog
from django.conf import settings

from whatsapp.encryption import SecretUnreadable, decrypt
from whatsapp.outgoing import Again, NotSent, Outcome, Outgoing, Stopped, Uncertain, Unknown
from whatsapp.providers import cloud, console, twilio

log = structlog.get_logger(__name__)

CONSOLE: Final = "console"
# What a provider is: it takes a message and the token in clear, makes one HTTP call, and reads the answer.
PROVIDERS: Final[dict[str, Callable[[Outgoing, str], Outcome]]] = {"cloud": cloud.send, "twilio": twilio.send}


class NoToken(Exception):
    """The number's messages have to wait until a token is stored; says why."""


def send(message: Outgoing) -> Outcome:
    """Hand over one message, once. Never raises: what is not known counts as perhaps sent."""
    try:
        if settings.WHATSAPP_BACKEND == CONSOLE:
            return console.send(message)
        return PROVIDERS[message.provider](message, token_of(message))
    except NoToken as error:
        return Stopped(str(error))
    except NotSent as error:
        return Again(str(error))
    except Uncertain as error:
        return Unknown(str(error))
    except Exception:
        # A fault of ours. Where it came, before or after the request, is not known here.
        log.exception("provider_broken", provider=message.provider, message_id=str(message.id))
        return Unknown("Sending broke on our side; the log says where.")


def token_of(message: Outgoing) -> str:
    """The number's token in clear. Raises NoToken."""
    if not message.token:
        raise NoToken("No access token is stored for this number. Store one.")
    try:
        return decrypt(message.token)
    except SecretUnreadable as error:
        raise NoToken(f"{error} Store the token again.") from error
