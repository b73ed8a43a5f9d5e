"""What may be entered for a WhatsApp number: its provider, ids, token and secret."""

import re

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.phone import PhoneInvalid, normalise
from leadsite.languages.texts import shown

PHONE_NUMBER_ID_MAX_LENGTH = 100
WABA_ID_PATTERN = "[0-9]{1,50}"
TWILIO_PREFIX = "whatsapp:"
_TOKEN = re.compile(r"[\x20-\x7e]{1,4096}")


class ChannelInvalid(Exception):
    """The text is not a valid id, token or secret of a WhatsApp number. The message says why."""


class ChannelProvider(models.TextChoices):
    CLOUD = "cloud", _("Meta Cloud API")
    TWILIO = "twilio", "Twilio"


def check_token(token: str) -> str:
    """Return the token if it is printable ASCII, as HTTP headers require. Raises ChannelInvalid."""
    if not _TOKEN.fullmatch(token):
        raise ChannelInvalid(gettext("A token has only printable ASCII characters and no line ends. Copy it again."))
    return token


def check_secret(secret: str) -> str:
    """Return an app secret if it is printable ASCII. Raises ChannelInvalid."""
    if not _TOKEN.fullmatch(secret):
        raise ChannelInvalid(
            gettext("An app secret has only printable ASCII characters and no line ends. Copy it again.")
        )
    return secret


def check_waba_id(text: str) -> str:
    """Return the id of a WhatsApp Business account without surrounding spaces. Raises ChannelInvalid."""
    found = text.strip()
    if not re.fullmatch(WABA_ID_PATTERN, found):
        raise ChannelInvalid(gettext("A WhatsApp Business account id has only digits. WhatsApp Manager shows it."))
    return found


def looks_like_phone(text: str) -> bool:
    """Whether the text looks like a number at Twilio; Meta's ids never do."""
    return text.strip().lower().startswith(("+", TWILIO_PREFIX))


def normalise_channel_id(provider: str, text: str) -> str:
    """Return a number's id in the form that the provider's deliveries have. Raises ChannelInvalid."""
    found = text.strip()
    if provider == ChannelProvider.TWILIO:
        number = found[len(TWILIO_PREFIX) :] if found.lower().startswith(TWILIO_PREFIX) else found
        try:
            return normalise(number.strip())
        except PhoneInvalid as error:
            raise ChannelInvalid(
                gettext("At Twilio the id is the number itself. %(error)s") % {"error": shown(error)}
            ) from error
    if looks_like_phone(found):
        raise ChannelInvalid(
            gettext(
                "This is a phone number. Enter Meta's id of it, which WhatsApp Manager shows; for a number at"
                " Twilio choose"
                " that provider (--provider twilio)."
            )
        )
    if not found or any(character.isspace() for character in found):
        raise ChannelInvalid(gettext("A phone number id must not be empty or contain spaces."))
    if len(found) > PHONE_NUMBER_ID_MAX_LENGTH:
        raise ChannelInvalid(
            gettext("A phone number id has at most %(phone_number_id_max_length)s characters.")
            % {"phone_number_id_max_length": PHONE_NUMBER_ID_MAX_LENGTH}
        )
    return found
