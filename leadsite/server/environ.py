"""The WSGI environ of a request that granian has received (PEP 3333; granian's RSGI specification, version 1.5)."""

import sys
from functools import cache
from typing import IO, Any, Final, NamedTuple, Protocol

from leadsite.core.logs.requests import STARTED

_CONSTANT: Final[dict[str, Any]] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


class Headers(Protocol):
    def __contains__(self, key: str) -> bool: ...
    def get(self, key: str, default: Any = None) -> Any: ...
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """What granian says of a request. `server` and `client` are "address:port"."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: Headers


class Visit(NamedTuple):
    """What the web server knows of a request besides. `client`: its address. `started`: by time.perf_counter()."""

    client: str
    request_id: str
    started: float


def environ_of(scope: Scope, body: IO[bytes], *, length: int, visit: Visit) -> dict[str, Any]:
    """Return the environ. `length` is that of `body` in bytes."""
    host, _, port = scope.server.rpartition(":")
    environ = _CONSTANT | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": visit.client,
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
    }
    for name, value in scope.headers.items():
        key = _key(name)
        if key is not None:
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    if scope.authority and "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority  # HTTP/2 has no Host
    # The body is whole, also where it came in chunks: those have no Content-Length, and Django would read nothing.
    environ["CONTENT_LENGTH"] = str(length)
    environ["HTTP_X_REQUEST_ID"] = visit.request_id
    environ[STARTED] = visit.started
    return environ


@cache
def _key(header: str) -> str | None:
    """The environ's key of a header; None for one with an underscore, which would pass for the one with a hyphen: a
    client could set what only a proxy may set.
    """
    if "_" in header:
        return None
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"
