"""Makes one HTTP request to a provider; after a failure it is known whether the request may have had an effect.

Uses requests with one adapter for each thread, so that connections are kept alive. Never retries: providers have no
idempotency key for messages, so repeating a POST whose response is missing may send a message twice.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import requests
import urllib3
from django.utils.translation import gettext_noop
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from leadsite.core.deadlines import deadline
from whatsapp.outbound.outcomes import NotSent, Uncertain

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0
# For the whole request, however slowly the response arrives. A message's lease (queue.LEASE_SECONDS) is longer.
TOTAL_SECONDS: Final = CONNECT_SECONDS + READ_SECONDS
# Servers close idle connections; a request at that moment would have an unknown outcome.
IDLE_SECONDS: Final = 15.0
MAX_ANSWER_BYTES: Final = 256 * 1024
MAX_LIST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `auth` has the token and does not show it in its repr."""

    url: str
    auth: AuthBase
    json: Any = None
    data: Any = None
    files: Any = None
    seconds: float = 0  # for the whole of it, where it takes longer than others; else 0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: float  # seconds; 0 where the provider gives none


class _Local(threading.local):
    """This thread's adapter and socket, and when its request has to be over, by time.monotonic()."""

    adapter: HTTPAdapter | None = None
    sock: socket.socket | None = None
    used_at: float = 0.0
    end: float = 0.0


_local: Final = _Local()


class _Connecting:
    """Reports every failure before the request is written, including the TLS handshake, as NewConnectionError; also
    that the time is over by then: nothing limits how long the look-up of the name takes.
    """

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc] # of the connection class beside this one
        except (NewConnectionError, ConnectTimeoutError):
            raise
        except Exception as error:
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type] # as above
        # First the socket, so that a deadline which passes after the comparison finds it.
        _local.sock = self.sock  # type: ignore[attr-defined] # as above
        if time.monotonic() > _local.end:
            raise NewConnectionError(self, "TimeoutError")  # type: ignore[arg-type] # as above


class _PlainConnection(_Connecting, HTTPConnection):
    pass


class _TlsConnection(_Connecting, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


def post(request: Request) -> Answer:
    """POST once and return the answer, whatever its status.

    Raises NotSent where the request did not leave, Uncertain where it did and the response is missing or incomplete.
    """
    return _exchange("POST", request, MAX_ANSWER_BYTES)


def get(request: Request) -> Answer:
    """GET a list once. Raises as `post` does."""
    return _exchange("GET", request, MAX_LIST_BYTES)


def _exchange(method: str, request: Request, max_bytes: int) -> Answer:
    adapter = _adapter(time.monotonic())
    prepared = requests.PreparedRequest()
    try:
        headers = requests.utils.default_headers()
        prepared.prepare(
            method, request.url, headers, data=request.data, json=request.json, files=request.files, auth=request.auth
        )
    except Exception as error:
        # The error's text may quote the token, so neither the text nor the error is passed on.
        raise NotSent(
            gettext_noop("The request cannot be written: %(name__)s.") % {"name__": type(error).__name__}
        ) from None
    local, seconds = _local.__dict__, request.seconds or TOTAL_SECONDS
    _local.end = time.monotonic() + seconds
    try:
        # A time-out of requests limits each wait; the deadline limits the whole request.
        with (
            deadline(seconds, lambda: _shut_down(local)),
            adapter.send(prepared, timeout=(CONNECT_SECONDS, request.seconds or READ_SECONDS), stream=True) as response,
        ):
            return Answer(response.status_code, _read(response, max_bytes), _retry_after(response))
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        _close_adapter()
        if _was_not_sent(error):
            raise NotSent(gettext_noop("No connection to the provider: %(name)s.") % {"name": _name(error)}) from error
        raise Uncertain(
            gettext_noop("The provider did not answer in full: %(name)s.") % {"name": _name(error)}
        ) from error
    finally:
        _local.used_at = time.monotonic()


def _shut_down(local: dict[str, Any]) -> None:
    """Shut down the socket of the thread that has this state, which ends its wait."""
    if (sock := local.get("sock")) is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _adapter(now: float) -> HTTPAdapter:
    """Return this thread's adapter. Without a session of requests, which costs a third of a request: no cookies, no
    redirects, no proxy from the environment and no password from ~/.netrc.
    """
    if _local.adapter is not None and now - _local.used_at > IDLE_SECONDS:
        _close_adapter()
    if _local.adapter is None:
        _local.adapter = _Adapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    return _local.adapter


def _close_adapter() -> None:
    if _local.adapter is not None:
        _local.adapter.close()
        _local.adapter = _local.sock = None


def _read(response: requests.Response, max_bytes: int) -> bytes:
    """Read the body, up to `max_bytes`.

    For an error status, an incomplete body is accepted.
    """
    body = b""
    try:
        for chunk in response.iter_content(8192):
            body += chunk
            if len(body) > max_bytes:
                raise Uncertain(gettext_noop("The provider's answer is too long."))
    except (requests.exceptions.RequestException, Uncertain):
        _close_adapter()
        if response.ok:
            raise
    return body


def _was_not_sent(error: Exception) -> bool:
    """Whether no byte of the request has left; see _Connecting."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    never_began = (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL)
    return isinstance(error, never_began) or isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _name(error: BaseException) -> str:
    """Return the type of the innermost cause; its text may quote the URL, and so a number's id."""
    cause = error.args[0] if error.args else None
    inner = getattr(cause, "reason", None) or cause
    innermost = inner if isinstance(inner, BaseException) else error
    while (deeper := innermost.__cause__ or innermost.__context__) is not None:
        innermost = deeper
    return type(innermost).__name__


def _retry_after(response: requests.Response) -> float:
    """Return the seconds of Retry-After (RFC 9110, section 10.2.3; providers do not use the date form)."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else 0.0
