"""The description as it is served, with its references resolved."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from leadsite.rest import openapi

METHODS = ("get", "post", "patch", "delete")


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openapi._FILE.read_bytes())
    return found


def operations() -> list[tuple[str, dict[str, Any]]]:
    paths = document()["paths"]
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in paths.items()
        for method in METHODS
        if method in item
    ]


def problems(value: Any, schema: dict[str, Any]) -> list[str]:
    """What a JSON Schema validator, which knows nothing of us, finds wrong with a value."""
    with_components = {**schema, "components": document()["components"]}
    validator = Draft202012Validator(with_components, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema, or the one that it refers to."""
    if "$ref" not in schema:
        return schema
    found: Any = document()
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)
