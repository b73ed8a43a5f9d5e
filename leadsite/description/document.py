"""Postprocessing hook of drf-spectacular: what the document has beside the operations, and headers of all answers."""

from collections.abc import Iterator
from typing import Any, Final

from leadsite.description.guide import guide
from leadsite.description.webhooks import webhooks
from leadsite.rest.error_codes import ERROR_CODES, meanings
from leadsite.rest.idempotency import HEADER as IDEMPOTENCY_KEY
from leadsite.rest.idempotency import REPLAYED

_METHODS: Final = ("get", "post", "patch", "delete")
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": {
        "description": "The request's id in the site's logs: yours, if you sent one.",
        "required": True,
        "schema": {"type": "string", "maxLength": 128},
    },
    "Retry-After": {
        "description": "Seconds to wait before the request is repeated.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string", "enum": ["Bearer"]}},
    REPLAYED: {
        "description": f"`true`: this is the stored answer to an earlier request with the same `{IDEMPOTENCY_KEY}`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_DESCRIPTIONS: Final = {
    "ConversationStatus": "See Status of a conversation.",
    "LeadStatus": "See Status of a lead.",
    "MessageStatus": "See Status of a message.",
    "LeadSource": "How it was created: by this API, a message on WhatsApp, staff, a file, staff in the admin, or SQL.",
}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the guide, the webhooks, the headers and the meaning of values to the generated document, in place."""
    result["info"]["description"] = guide()
    result["webhooks"] = webhooks()
    components = result["components"]
    components["headers"] = _HEADERS
    for name, text in (_DESCRIPTIONS | {"ErrorCode": meanings(ERROR_CODES)}).items():
        components["schemas"][name]["description"] = text
    for operation in _operations(result["paths"]):
        repeatable = any(one["name"] == IDEMPOTENCY_KEY for one in operation.get("parameters", ()))
        for status, answer in operation["responses"].items():
            names = _headers_of(status, is_repeatable=repeatable, answer=answer)
            references = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            answer["headers"] = {**answer.get("headers", {}), **references}
            answer["description"] = answer["description"] or "Done."
    return result


def _operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in paths.values():
        yield from (path[method] for method in _METHODS if method in path)


def _headers_of(status: str, *, is_repeatable: bool, answer: dict[str, Any]) -> list[str]:
    names = ["X-Request-ID"]
    if status in ("429", "503") or (status == "409" and "request_under_way" in answer["description"]):
        names.append("Retry-After")
    if status == "401":
        names.append("WWW-Authenticate")
    if status.startswith("2") and is_repeatable:
        names.append(REPLAYED)
    return names
