"""Forms whose second POST must do nothing: a double click, or another press while the answer to the first is slow.

The form has a key of its own. The first POST stores it in the transaction of what it does, as a request with an
Idempotency-Key does: idempotency.py, whose keys have no space.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpRequest

from leadsite.accounts.models import IdempotencyKey
from leadsite.core.transactions import retried
from leadsite.rest.idempotency import claim

FIELD: Final = "once"
_OF_THE_PAGE: Final = frozenset({FIELD, "csrfmiddlewaretoken"})


class DoneBefore(Exception):
    """The form was sent before. `result`: what `do_once` returned then."""

    def __init__(self, result: str) -> None:
        super().__init__("The form was sent before.")
        self.result = result


def new_key() -> str:
    """Return the key of a form that is shown, for its field FIELD."""
    return str(uuid4())


def do_once(request: HttpRequest, *, user_id: UUID, do: Callable[[], str]) -> str:
    """Return what `do` returns, which writes, or raises: then nothing is stored. With a key in the form, opens the
    transaction around it.

    Raises DoneBefore for a form that was sent with this key and the same content, and what `do` raises.
    """
    try:
        key = f"form {UUID(request.POST.get(FIELD, ''))} {_digest(request)}"
    except ValueError:
        return do()
    return _do_once(user_id, key, do)


@retried(operation="send form")
def _do_once(user_id: UUID, key: str, do: Callable[[], str]) -> str:
    # The other POST may be in progress: at the unique key this one waits until that has committed, or is rolled back.
    with transaction.atomic():
        kept = IdempotencyKey.objects.filter(user_id=user_id, key=key)
        if not claim(user_id, key, b""):
            before: Any = kept.first()
            raise DoneBefore(bytes(before.body).decode() if before else "")
        result = do()
        kept.update(status=200, body=result.encode())
        return result


def _digest(request: HttpRequest) -> str:
    """A hash of what is typed and chosen: somebody who goes back to the form may send another text with it."""
    fields = sorted((name, values) for name, values in request.POST.lists() if name not in _OF_THE_PAGE)
    files = sorted((name, [[file.name, file.size] for file in given]) for name, given in request.FILES.lists())
    return hashlib.sha256(json.dumps([fields, files]).encode()).hexdigest()
