"""Fetches one file from its provider, and says what the answer means.

Meta: GET /<version>/<media id> names an address, valid for five minutes; then that address, both with the token (Meta,
"Media"). Twilio: MediaUrl with the account's login, which leads on to another of its hosts (twilio.com/docs, "Media
resource"). What a payload names is fetched only where it is one of the provider's own hosts.
"""

import base64
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urljoin

from django.conf import settings
from django.utils.translation import gettext_noop

from conversations.models import DueMedia
from whatsapp.json_parts import object_of, text_of
from whatsapp.json_repair import NotJson, parse
from whatsapp.media.http import Answer, HostRefused, Hosts, TooLarge, Unreachable, get
from whatsapp.media.limits import MIB, most_received

_META_DOMAINS: Final = ("fbsbx.com", "fbcdn.net", "whatsapp.net", "facebook.com")
_TWILIO_DOMAINS: Final = ("twilio.com", "twiliocdn.com")
# Where Twilio keeps files: a bucket of its own in a host of many.
_TWILIO_PLACES: Final = (("s3-external-1.amazonaws.com", "/media.twiliocdn.com/"),)
_REDIRECTS: Final = 3
_MISSING: Final = 33  # error_subcode: "Object with ID … does not exist"
_AGENT: Final = {"User-Agent": "leadsite"}

EXPIRED: Final = gettext_noop("WhatsApp does not have this file any more. Ask the customer to send it again.")


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes are in the file."""

    size: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The provider has it no more."""

    reason: str = EXPIRED


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not kept."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """It may be fetched later. `pause`: the seconds that the provider asks for."""

    reason: str
    pause: float = 0


Outcome = Fetched | Gone | Refused | Later


def fetch_from_meta(file: DueMedia, token: str, into: BinaryIO) -> Outcome:
    hosts = Hosts(settings.WHATSAPP_API_BASE_URL, _META_DOMAINS)
    headers = {**_AGENT, "Authorization": f"Bearer {token}"}
    address = f"{settings.WHATSAPP_API_BASE_URL}/{settings.WHATSAPP_API_VERSION}/{quote(file.provider_id, safe='')}"
    try:
        answer = get(address, hosts=hosts, headers=headers)
        found = _object(answer.body)
        url = text_of(found.get("url"))
        if answer.status != 200 or not url:
            return _without_file(answer, found)
        most = most_received(file.kind)
        if _number(found.get("file_size")) > most:
            raise TooLarge
        answer = get(url, hosts=hosts, headers=headers, into=into, most_bytes=most)
        return _meaning(answer)
    except (HostRefused, TooLarge, Unreachable) as error:
        return _of_error(file, error)


def fetch_from_twilio(file: DueMedia, token: str, into: BinaryIO) -> Outcome:
    hosts = Hosts(settings.TWILIO_API_BASE_URL, _TWILIO_DOMAINS, _TWILIO_PLACES)
    account, _, secret = token.partition(":")
    login = secret if ":" in secret else f"{account}:{secret}"
    url, headers = file.provider_url, {**_AGENT, "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    try:
        for _ in range(_REDIRECTS + 1):
            answer = get(url, hosts=hosts, headers=headers, into=into, most_bytes=most_received(file.kind))
            if not (300 <= answer.status < 400 and answer.location):
                return _meaning(answer)
            url = urljoin(url, answer.location)
            # The login is for Twilio's API; the addresses that it leads to are signed.
            headers = _AGENT
        return Later(gettext_noop("The provider leads from one address to the next."))
    except (HostRefused, TooLarge, Unreachable) as error:
        return _of_error(file, error)


def _meaning(answer: Answer) -> Outcome:
    if answer.status == 200:
        return Fetched(answer.size) if answer.size else Refused(gettext_noop("The file is empty."))
    return _without_file(answer, {})


def _without_file(answer: Answer, found: dict[str, Any]) -> Outcome:
    error = object_of(found.get("error"))
    if answer.status in (404, 410) or _number(error.get("error_subcode")) == _MISSING:
        return Gone()
    if answer.status in (401, 403):
        return Later(
            gettext_noop("The provider refuses the number's access token. Store a new one."), answer.retry_after
        )
    return Later(gettext_noop("The provider answered %(status)s.") % {"status": answer.status}, answer.retry_after)


def _of_error(file: DueMedia, error: Exception) -> Outcome:
    if isinstance(error, TooLarge):
        return Refused(
            gettext_noop("It is larger than %(most_received)s MB, the limit for its kind.")
            % {"most_received": most_received(file.kind) // MIB}
        )
    return Refused(str(error)) if isinstance(error, HostRefused) else Later(str(error))


def _object(body: bytes) -> dict[str, Any]:
    try:
        tree, _ = parse(body)
    except NotJson:
        return {}
    return object_of(tree)


def _number(found: Any) -> int:
    text = str(found)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
