"""Every operation of the API, from its description: so that a new route, filter or field is tried by itself."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from tests.site import REPOSITORY

SCHEMA: dict[str, Any] = yaml.safe_load((REPOSITORY / "docs/openapi.yaml").read_text())
# Fields that no body has, and that a careless one would take.
SMUGGLED = (
    *("id", "ids", "user", "user_id", "business", "customer", "customer_id", "conversation", "conversation_id"),
    *("lead", "lead_id", "lead_ids", "message_id", "channel", "channel_id", "endpoint", "endpoint_id", "event_id"),
    *("template_id", "assigned_to", "assigned_to_id", "external_id", "created_by"),
)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    path_names: tuple[str, ...]
    queries: tuple[str, ...]
    body: dict[str, Any] | None
    fields: tuple[tuple[str | int, ...], ...]

    def __repr__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def operations() -> Iterator[Operation]:
    for path, methods in SCHEMA["paths"].items():
        for method, described in methods.items():
            if method not in ("get", "post", "put", "patch", "delete") or described.get("security") == []:
                continue
            given = [(one["in"], one["name"]) for one in described.get("parameters", [])]
            content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [one["value"] for one in content.get("examples", {}).values()]
            body = deepcopy(examples[0]) if examples else None
            schema = resolved(content.get("schema", {}))
            yield Operation(
                method,
                path,
                tuple(name for where, name in given if where == "path"),
                tuple(name for where, name in given if where == "query"),
                body,
                tuple(fields_of(schema, body)) if content else (),
            )


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return SCHEMA["components"]["schemas"][name] if name else schema


def fields_of(schema: dict[str, Any], example: Any, before: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of values in a body: of those that it may have, and of those that it may not have."""
    schema = resolved(schema)
    for name, inner in (schema.get("properties") or {}).items():
        yield (*before, name)
        items = resolved(resolved(inner).get("items", {}))
        if items.get("properties"):
            given = (example or {}).get(name)
            yield from fields_of(items, given[0] if given else {}, (*before, name, 0))
        elif resolved(inner).get("properties"):
            yield from fields_of(resolved(inner), (example or {}).get(name), (*before, name))
    for name in SMUGGLED:
        if name not in (schema.get("properties") or {}):
            yield (*before, name)
