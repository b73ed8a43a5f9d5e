"""One HTTP request to a provider, and whether it can have had an effect where it fails.

requests, one adapter for each thread, so that connections are kept. Never a second try: providers know no
idempotency key for messages, so that to repeat a POST whose answer is missing may send a message twice.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from leadsite.core.deadlines import deadline
from whatsapp.outbound.outcomes import NotSent, Uncertain

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0
# From the beginning to the end, however slowly an answer drips. A message's lease (outbox.LEASE_SECONDS) is longer.
TOTAL_SECONDS: Final = CONNECT_SECONDS + READ_SECONDS
# Servers close connections that were idle for long; a request that meets that moment has an unknown outcome.
IDLE_SECONDS: Final = 15.0
MAX_ANSWER_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be posted. `auth` holds the token, and shows it to nobody."""

    url: str
    auth: AuthBase
    json: Any = None
    data: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: float  # seconds; 0 where the provider does not say


class _Line(threading.local):
    """This thread's connection."""

    adapter: HTTPAdapter | None = None
    wire: socket.socket | None = None
    used_at: float = 0.0


_line: Final = _Line()


class _Connecting:
    """Whatever fails before the request is written, a handshake of TLS included, is a connection that was not made."""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc] # of the connection class beside this one
        except (NewConnectionError, ConnectTimeoutError):
            raise
        except Exception as error:
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type] # as above
        _line.wire = self.sock  # type: ignore[attr-defined] # as above


class _PlainConnection(_Connecting, HTTPConnection):
    pass


class _TlsConnection(_Connecting, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _OneTry(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


def post(request: Request) -> Answer:
    """POST once and return the answer, whatever its status.

    Raises NotSent where the request did not leave, Uncertain where it did and the answer is missing or cut.
    """
    adapter = _adapter(time.monotonic())
    prepared = requests.PreparedRequest()
    try:
        headers = requests.utils.default_headers()
        prepared.prepare("POST", request.url, headers, data=request.data, json=request.json, auth=request.auth)
    except Exception as error:
        # Its text may quote the token, so neither the text nor the error goes any further.
        raise NotSent(f"The request cannot be written: {type(error).__name__}.") from None
    line = _line.__dict__
    try:
        # A time-out of `requests` is for each wait; the deadline is for all of them together.
        with (
            deadline(TOTAL_SECONDS, lambda: _hang_up(line)),
            adapter.send(prepared, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True) as response,
        ):
            return Answer(response.status_code, _read(response), _retry_after(response))
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        _hang_up_for_good()
        if _left_nothing(error):
            raise NotSent(f"No connection to the provider: {_name(error)}.") from error
        raise Uncertain(f"The provider did not answer in full: {_name(error)}.") from error
    finally:
        _line.used_at = time.monotonic()


def _hang_up(line: dict[str, Any]) -> None:
    """End the wait of the thread whose line this is."""
    if (wire := line.get("wire")) is not None:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)


def _adapter(now: float) -> HTTPAdapter:
    """Without the session of `requests`, which costs a third of a request: no cookies, no redirects, and neither a
    proxy nor a password of ~/.netrc from the environment.
    """
    if _line.adapter is not None and now - _line.used_at > IDLE_SECONDS:
        _hang_up_for_good()
    if _line.adapter is None:
        _line.adapter = _OneTry(pool_connections=1, pool_maxsize=1, max_retries=0)
    return _line.adapter


def _hang_up_for_good() -> None:
    if _line.adapter is not None:
        _line.adapter.close()
        _line.adapter = _line.wire = None


def _read(response: requests.Response) -> bytes:
    """The body, but no more than an answer of a provider has.

    Where the status alone says enough (an error), what could be read of the body has to do.
    """
    body = b""
    try:
        for chunk in response.iter_content(8192):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise Uncertain("The provider's answer is too long.")
    except (requests.exceptions.RequestException, Uncertain):
        _hang_up_for_good()
        if response.ok:
            raise
    return body


def _left_nothing(error: Exception) -> bool:
    """Whether no byte of the request has left; see _Connecting."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    never_began = (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL)
    return isinstance(error, never_began) or isinstance(reason, NewConnectionError | ConnectTimeoutError)


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
