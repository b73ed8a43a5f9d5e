"""Parsing of request bodies, and content negotiation: JSON only."""

import json
import math
from typing import IO, Any, Final, NoReturn

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from leadsite.rest.nesting import DEEPEST, is_too_deep

_QUOTED_MAX_LENGTH: Final = 60
_TOO_DEEP: Final = f"The body is nested too deeply: objects and lists may have {DEEPEST} levels."


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"


class JSONParser(BaseParser):
    """Strict JSON (RFC 8259) of a limited size: UTF-8 only, no NaN, limited nesting and numbers."""

    media_type = "application/json"

    @property
    def limit(self) -> int:
        """The largest body, in bytes."""
        return int(settings.API_MAX_BODY_BYTES)

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises BodyTooLarge and ParseError."""
        limit = self.limit
        # DRF passes the unread stream, to which DATA_UPLOAD_MAX_MEMORY_SIZE does not apply.
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        try:
            tree = json.loads(
                body.decode("utf-8"), parse_float=_number, parse_constant=_refuse_constant, object_pairs_hook=_object
            )
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except RecursionError as error:
            raise ParseError(_TOO_DEEP) from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        if is_too_deep(tree):
            raise ParseError(_TOO_DEEP)
        return tree


class FilesJSONParser(JSONParser):
    """The same, where a body may have a file in it, as base64."""

    @property
    def limit(self) -> int:
        return int(settings.API_MAX_FILE_BODY_BYTES)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for a name that is given twice: Python would take the last value."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the field {name[:_QUOTED_MAX_LENGTH]!r} is given twice")
        found[name] = value
    return found


def _number(digits: str) -> float:
    """Raises ValueError for a number that is infinite in Python: 1e400, which jsonb cannot have."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:_QUOTED_MAX_LENGTH]} is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


class JSONOnly(BaseContentNegotiation):
    """Answers in JSON whatever the Accept header says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
