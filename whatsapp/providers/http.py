"""One HTTP request to a provider, and whether it can have had an effect where it fails.

requests, one session for each thread, so that connections are kept. Never a second try: providers know no
idempotency key for messages, so that to repeat a POST whose answer is missing may send a message twice.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from whatsapp.outgoing import NotSent, Uncertain

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0
# All there is to wait for; the lease of a message (outbox.LEASE_SECONDS) is longer.
TOTAL_SECONDS: Final = CONNECT_SECONDS + READ_SECONDS
# Servers close connections that were idle for long; a request that meets that moment has an unknown outcome.
IDLE_SECONDS: Final = 15.0
MAX_ANSWER_BYTES: Final = 256 * 1024
# Raised before a request was written: no connection, no name, no proxy.
_BEFORE_THE_REQUEST: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ProxyError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: float  # seconds; 0 where the provider does not say


class _Line(threading.local):
    """This thread's connections."""

    session: requests.Session | None = None
    used_at: float = 0.0


_line: Final = _Line()


def post(url: str, *, auth: AuthBase, json: Any = None, data: Any = None) -> Answer:
    """POST once and return the answer, whatever its status.

    Raises NotSent where the request did not leave, Uncertain where it did and the answer is missing or cut.
    """
    began = time.monotonic()
    try:
        with _session(began).post(
            url,
            json=json,
            data=data,
            auth=auth,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = _read(response, began + TOTAL_SECONDS)
            return Answer(response.status_code, body, _retry_after(response))
    except requests.exceptions.RequestException as error:
        _forget_session()
        if _left_nothing(error):
            raise NotSent(f"No connection to the provider: {_name(error)}.") from error
        raise Uncertain(f"The provider did not answer in full: {_name(error)}.") from error
    finally:
        _line.used_at = time.monotonic()


def _session(now: float) -> requests.Session:
    if _line.session is not None and now - _line.used_at > IDLE_SECONDS:
        _forget_session()
    if _line.session is None:
        _line.session = requests.Session()
        # Settings are the only reader of the environment: no proxy, and no password of ~/.netrc beside the token.
        _line.session.trust_env = False
        for scheme in ("https://", "http://"):
            _line.session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return _line.session


def _forget_session() -> None:
    if _line.session is not None:
        _line.session.close()
        _line.session = None


def _read(response: requests.Response, deadline: float) -> bytes:
    """The body, but no more and no longer than an answer of a provider takes.

    Where the status alone says enough (an error), what could be read of the body has to do.
    """
    body = b""
    try:
        for chunk in response.iter_content(8192):
            body += chunk
            if time.monotonic() > deadline:
                raise Uncertain("The provider's answer took too long.")
            if len(body) > MAX_ANSWER_BYTES:
                raise Uncertain("The provider's answer is too long.")
    except (requests.exceptions.RequestException, Uncertain):
        _forget_session()
        if response.ok:
            raise
    return body


def _left_nothing(error: requests.exceptions.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, urllib3.exceptions.SSLError):
        return "certificate verify failed" in str(reason).lower()
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return True
    return isinstance(reason, _BEFORE_THE_REQUEST)


def _name(error: BaseException) -> str:
    """The kind of the innermost cause: its text may quote the URL, and so a number's id."""
    cause = error.args[0] if error.args else None
    inner = getattr(cause, "reason", None) or cause
    innermost = inner if isinstance(inner, BaseException) else error
    while (deeper := innermost.__cause__ or innermost.__context__) is not None:
        innermost = deeper
    return type(innermost).__name__


def _retry_after(response: requests.Response) -> float:
    """Seconds (RFC 9110, section 10.2.3; providers do not use its other form, a date)."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else 0.0
