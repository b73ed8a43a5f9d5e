"""A request as granian describes it."""

from dataclasses import dataclass, field
from typing import Any

from leadsite.server.environ import Headers


class SentHeaders(list[tuple[str, str]]):
    def __contains__(self, key: object) -> bool:
        return any(name == key for name, _ in self)

    def get(self, key: str, default: Any = None) -> Any:
        return next((value for name, value in self if name == key), default)

    def items(self) -> list[tuple[str, str]]:
        return list(self)


@dataclass
class Sent:
    """What granian says of a request."""

    headers: Headers = field(default_factory=SentHeaders)
    http_version: str = "1.1"
    server: str = "127.0.0.1:8000"
    client: str = "192.0.2.7:51234"
    scheme: str = "http"
    method: str = "POST"
    path: str = "/api/leads"
    query_string: str = "a=b"
    authority: str | None = None
