"""A stub of Meta's list of templates, paged, and templates in the form in which Meta lists them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.stub_server import Handler, running

WABA = "102290129340398"
TOKEN_ERROR = {"error": {"message": "Invalid OAuth access token", "code": 190, "type": "OAuthException"}}


def listed(name: str = "cake_ready", text: str = "Hello {{1}}, your {{2}} is ready", **fields: Any) -> dict[str, Any]:
    """One template of the list."""
    components = [{"type": "BODY", "text": text, "example": {"body_text": [["Amina", "cake"]]}}]
    known = {"id": "594425479261596", "language": "en_US", "category": "UTILITY", "status": "APPROVED"}
    return {"name": name, "components": components} | known | fields


@dataclass
class TemplateList:
    """The running stub: the templates of each account, and the requests that it got."""

    accounts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    page_length: int = 100
    status: int = 200
    body: bytes | None = None  # instead of the list
    ends: bool = True
    requests: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)  # path, token, query
    address: str = ""

    def page(self, account: str, after: int) -> dict[str, Any]:
        items = self.accounts.get(account, [])
        paging: dict[str, Any] = {"cursors": {"before": str(after), "after": str(after + self.page_length)}}
        if after + self.page_length < len(items) or not self.ends:
            # Meta's own has the token in it.
            paging["next"] = "https://elsewhere.example/never-followed"
        return {"data": items[after : after + self.page_length], "paging": paging}


class _Handler(Handler):
    templates: TemplateList

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.templates.requests.append((url.path, token, query))
        page = self.templates.page(url.path.split("/")[2], int(query.get("after", ["0"])[0]))
        body = self.templates.body if self.templates.body is not None else json.dumps(page).encode()
        self.send_response(self.templates.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def template_list() -> Iterator[TemplateList]:
    templates = TemplateList()
    with running(_Handler, templates=templates) as templates.address:
        yield templates
