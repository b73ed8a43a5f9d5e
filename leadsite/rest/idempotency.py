"""Requests that may be repeated: the header Idempotency-Key (IETF draft "The Idempotency-Key HTTP Header Field").

The first answer is stored in the transaction of what it tells of. A client that did not get it, because a connection or
a process died, sends the same again and gets the same bytes; nothing is done twice.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import Error, connection
from django.http import HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from leadsite.accounts.models import IdempotencyKey
from leadsite.core.transactions import attempts, sqlstate

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT: Final = timedelta(days=8)
# Printable ASCII, so that it can stand in a header and in a log.
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_LOCK_NOT_AVAILABLE: Final = "55P03"
_UNDER_WAY: Final = "The same request is being answered at this moment. Send it again in a while."
_CLAIM: Final = """
    INSERT INTO idempotency_keys (user_id, key, fingerprint, status, body) VALUES (%s, %s, %s, 0, '')
    ON CONFLICT (user_id, key) DO NOTHING RETURNING id
"""


class KeyReused(Exception):
    """The key was sent before, with another request."""


class TwinUnderWay(Exception):
    """The same request is being answered at this moment."""


def answered_once(request: Request, *, user_id: UUID, make: Callable[[], Response]) -> Response | HttpResponse:
    """Return what `make` answers; where the request bears a key that was answered before, that answer.

    `make` writes and answers 2xx, or raises: then nothing is stored, its writes and the key included, and the key can
    be used again. Opens the transaction around it where there is a key.

    Raises ValidationError for a key of another form, KeyReused, TwinUnderWay, and what `make` raises.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    if not _KEY.fullmatch(key):
        raise ValidationError({HEADER: ["1 to 255 printable ASCII characters without blanks."]})
    fingerprint = _fingerprint(request)
    claimed = False
    try:
        for attempt in attempts():
            # A twin may be under way: the unique key lets this one wait until it is known what became of that.
            with attempt:
                claimed = _claim(user_id, key, fingerprint)
                return _first_answer(user_id, key, make()) if claimed else _replay(user_id, key, fingerprint)
        raise AssertionError("attempts() ended without a result or an exception")
    except Error as error:
        if not claimed and sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise TwinUnderWay(
                "The same request is being answered at this moment. Send it again in a while."
            ) from error
        raise


def prune_keys(*, now: datetime) -> int:
    """Forget answers that nobody will ask for any more; returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _fingerprint(request: Request) -> bytes:
    """Of what is asked for, whichever way the JSON is laid out. Raises what reading the body raises."""
    asked = [request.method, request.path.rstrip("/"), request.data]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


def _claim(user_id: UUID, key: str, fingerprint: bytes) -> bool:
    """Whether the key is new. Caller holds the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [user_id, key, fingerprint])
        return cursor.fetchone() is not None


def _first_answer(user_id: UUID, key: str, answer: Response) -> HttpResponse:
    """Keep the answer as the bytes that go out. Caller holds the transaction."""
    body: bytes = JSONRenderer().render(answer.data)
    IdempotencyKey.objects.filter(user_id=user_id, key=key).update(status=answer.status_code, body=body)
    return _http(answer.status_code, body)


def _replay(user_id: UUID, key: str, fingerprint: bytes) -> HttpResponse:
    kept: Any = IdempotencyKey.objects.filter(user_id=user_id, key=key).first()
    if kept is None or not kept.status:
        # Pruned, or undone, between the two statements: the next try finds out.
        raise TwinUnderWay(_UNDER_WAY)
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyReused(f"This {HEADER} was used for another request. Use a new one for each.")
    answer = _http(kept.status, bytes(kept.body))
    answer.headers[REPLAYED] = "true"
    return answer


def _http(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json")
