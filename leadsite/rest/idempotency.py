"""Idempotent requests by the header Idempotency-Key (IETF draft "The Idempotency-Key HTTP Header Field").

The first response is stored in the transaction of the writes that it reports. A client that did not get it, because a
connection or process failed, repeats the request and gets the same bytes; nothing is done twice.
"""

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import Error, connection, transaction
from django.http import HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from leadsite.accounts.models import IdempotencyKey
from leadsite.core.statements import delete_in_batches
from leadsite.core.transactions import retried, sqlstate

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT: Final = timedelta(days=8)
PRUNE_SIZE: Final = 1000
# Printable ASCII, as headers and logs require.
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_LOCK_NOT_AVAILABLE: Final = "55P03"
_CLAIM: Final = """
    INSERT INTO idempotency_keys (user_id, key, fingerprint, status, body) VALUES (%s, %s, %s, 0, '')
    ON CONFLICT (user_id, key) DO NOTHING RETURNING id
"""


class KeyReused(Exception):
    """The key was used before, with another request."""


class RequestInProgress(Exception):
    """The same request is being processed."""

    def __init__(self) -> None:
        super().__init__("The same request is being processed. Send it again in a while.")


def answer_once(request: Request, *, user_id: UUID, make: Callable[[], Response]) -> Response | HttpResponse:
    """Return the response of `make`, or the stored response for a request whose Idempotency-Key was used before.

    `make` writes and answers 2xx, or raises: then nothing is stored, neither its writes nor the key, and the key can
    be used again. With a key, opens the transaction around `make`, and repeats it as `retried` does.

    Raises ValidationError for a key that is not printable ASCII, KeyReused, RequestInProgress, and what `make` raises.
    """
    key = _key_of(request)
    return make() if key is None else _answer_once(user_id, key, _fingerprint(request), make)


def answer_prepared_once(
    request: Request, *, user_id: UUID, prepare: Callable[[], AbstractContextManager[Callable[[], Response]]]
) -> Response | HttpResponse:
    """The same for a `make` that `prepare` yields: what takes long, such as storing a file, is done there, before the
    transaction is opened, and not for a request that has its answer. `prepare` undoes it where its block raises; it
    does so as well where the same request was answered meanwhile.

    Raises also what `prepare` raises.
    """
    key = _key_of(request)
    if key is None:
        with prepare() as make:
            return make()
    fingerprint = _fingerprint(request)
    if (kept := _kept(user_id, key, fingerprint)) is not None:
        return kept
    try:
        with prepare() as make:
            answer = _answer_once(user_id, key, fingerprint, make)
            if REPLAYED in answer.headers:
                raise _AnsweredMeanwhile(answer)
            return answer
    except _AnsweredMeanwhile as meanwhile:
        return meanwhile.answer


class _AnsweredMeanwhile(Exception):
    """What was prepared is not needed."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__()
        self.answer = answer


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise ValidationError({HEADER: ["Must be 1 to 255 printable ASCII characters without spaces."]})
    return key


def _answer_once(user_id: UUID, key: str, fingerprint: bytes, make: Callable[[], Response]) -> HttpResponse:
    claimed = False

    @retried
    def answer() -> HttpResponse:
        nonlocal claimed
        claimed = False
        # The same request may be in progress: at the unique key this one waits until the other has committed, and then
        # returns its response, or has been rolled back, and then runs itself.
        with transaction.atomic():
            claimed = claim(user_id, key, fingerprint)
            return _first_answer(user_id, key, make()) if claimed else _replay(user_id, key, fingerprint)

    try:
        return answer()
    except Error as error:
        if not claimed and sqlstate(error) == _LOCK_NOT_AVAILABLE and _waited_for_same_key(error):
            raise RequestInProgress from error
        raise


def _waited_for_same_key(error: Error) -> bool:
    """Whether the lock was that of a row with the same key, which is being inserted; not that of the business's row, or
    of the whole table. PostgreSQL names the table of the row in the error's context, and that of a foreign key.
    """
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and '"idempotency_keys"' in (cause.diag.context or "")


def prune_keys(*, now: datetime) -> int:
    """Delete responses older than KEPT, in batches, each in its own transaction; return how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=now - KEPT)
    return delete_in_batches(old, by="created_at", size=PRUNE_SIZE)


def _fingerprint(request: Request) -> bytes:
    """A hash of method, path and body; the layout of the JSON does not matter. Raises what reading the body raises."""
    parts = [request.method, request.path.rstrip("/"), request.data]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


def claim(user_id: UUID, key: str, fingerprint: bytes) -> bool:
    """Whether the key is new. Caller holds the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [user_id, key, fingerprint])
        return cursor.fetchone() is not None


def _first_answer(user_id: UUID, key: str, answer: Response) -> HttpResponse:
    """Store the response as the bytes that are sent. Caller holds the transaction."""
    body: bytes = JSONRenderer().render(answer.data)
    IdempotencyKey.objects.filter(user_id=user_id, key=key).update(status=answer.status_code, body=body)
    return _http(answer.status_code, body)


def _replay(user_id: UUID, key: str, fingerprint: bytes) -> HttpResponse:
    if (kept := _kept(user_id, key, fingerprint)) is None:
        # Deleted by prune_keys between the two statements: the client's next request finds no key and claims it.
        raise RequestInProgress
    return kept


def _kept(user_id: UUID, key: str, fingerprint: bytes) -> HttpResponse | None:
    """The stored response, if there is one. Raises KeyReused."""
    kept: Any = IdempotencyKey.objects.filter(user_id=user_id, key=key).first()
    if kept is None or not kept.status:
        return None
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyReused(f"This {HEADER} was used for another request. Use a new one for each.")
    answer = _http(kept.status, bytes(kept.body))
    answer.headers[REPLAYED] = "true"
    return answer


def _http(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json")
