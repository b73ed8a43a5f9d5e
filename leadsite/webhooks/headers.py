"""Headers that an integrator adds to the events of an endpoint, for example a token for a gateway.

They are stored encrypted, because most are secrets, and never shown again: API and admin show their names only.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_noop

from leadsite.core.encryption import decrypt, encrypt

MAX_HEADERS: Final = 10
NAME_MAX_LENGTH: Final = 100
VALUE_MAX_LENGTH: Final = 1024
# RFC 9110, section 5.6.2: token.
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PRINTABLE: Final = re.compile(r"[ -~]+")
# Those that each request has or that belong to the connection (RFC 9110, sections 7.6 and 10.1; RFC 9112).
RESERVED: Final = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type", "date", "expect"),
        *("host", "http2-settings", "keep-alive", "max-forwards", "te", "trailer", "transfer-encoding", "upgrade"),
        *("user-agent", "via"),
    }
)
RESERVED_PREFIXES: Final = ("webhook-", "proxy-", "sec-", ":")


class HeaderRefused(Exception):
    """A header is not allowed; the message says which and why, without its value."""


def check_headers(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the headers with their values stripped; None, which removes a header, is allowed. Raises HeaderRefused."""
    checked = {name: value.strip(" \t") if value is not None else None for name, value in headers.items()}
    for name, value in checked.items():
        check_name(name)
        if value is not None:
            _check_value(name, value)
    if len({name.lower() for name in checked}) < len(checked):
        raise HeaderRefused(gettext_noop("A header is given twice: upper and lower case make no difference in names."))
    if len(checked) > 2 * MAX_HEADERS:
        raise HeaderRefused(_TOO_MANY)
    return checked


def check_name(name: str) -> None:
    """Raises HeaderRefused."""
    shown = name[:NAME_MAX_LENGTH].encode("ascii", "replace").decode()
    if not _TOKEN.fullmatch(name) or len(name) > NAME_MAX_LENGTH:
        raise HeaderRefused(
            gettext_noop(
                "“%(shown)s” is no name of a header: letters, digits and !#$%%&'*+-.^_`|~, at most "
                "%(name_max_length)s, no spaces and no colon."
            )
            % {"shown": shown, "name_max_length": NAME_MAX_LENGTH}
        )
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIXES):
        raise HeaderRefused(
            gettext_noop("%(shown)s is set by leadsite or belongs to the connection. Choose another name.")
            % {"shown": shown}
        )


def _check_value(name: str, value: str) -> None:
    if not _PRINTABLE.fullmatch(value) or len(value) > VALUE_MAX_LENGTH:
        raise HeaderRefused(
            gettext_noop(
                "The value of %(name)s has to be 1 to %(value_max_length)s printable ASCII characters, on one line."
            )
            % {"name": name, "value_max_length": VALUE_MAX_LENGTH}
        )


def merged(present: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return the present headers with the changes: None removes one, and names are compared without case.

    Raises HeaderRefused for more than MAX_HEADERS.
    """
    changed = {name.lower() for name in changes}
    kept = {name: value for name, value in present.items() if name.lower() not in changed}
    result = kept | {name: value for name, value in changes.items() if value is not None}
    if len(result) > MAX_HEADERS:
        raise HeaderRefused(_TOO_MANY)
    return dict(sorted(result.items()))


def pack(headers: Mapping[str, str]) -> str:
    """Encrypt headers for the database; "" for none. Raises SecretUnreadable where there is no key."""
    return encrypt(json.dumps(dict(headers))) if headers else ""


def unpack(stored: str) -> dict[str, str]:
    """Decrypt stored headers. Raises SecretUnreadable."""
    return dict(json.loads(decrypt(stored))) if stored else {}


_TOO_MANY: Final = gettext_noop("An endpoint has at most %(max_headers)s headers.") % {"max_headers": MAX_HEADERS}
