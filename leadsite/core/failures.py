"""What is known of a transaction that was rolled back for good, for those who list and count it.

`retried` (transactions.py) reports what leaves it; the entry points report errors of the database that came from
elsewhere. leadsite/monitoring stores the reports: it registers itself by `on_failure`.

Reported is what the database did not do: its errors, refusals of ours that have an SQLSTATE, because a constraint has
their rule, and errors of the program. Other refusals (an unknown lead, a stale version) are answers: nothing failed.
"""

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db import Error, models
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from leadsite.core import clock
from leadsite.core.describing import FIRST, describe, sentence_of
from leadsite.core.logs.masking import mask_numbers
from leadsite.core.logs.request_ids import current_request_id

log = structlog.get_logger(__name__)

OWNERS_OF: Final = 100  # of a list, so many parts are asked for their business
_OURS: Final = frozenset({"leadsite", "leads", "conversations", "whatsapp", "rest_framework"})
_ANSWERS: Final = (Http404, PermissionDenied, SuspiciousOperation, ValidationError)
# Marks on exceptions, which may pass several that would report them.
_DESCRIPTION: Final = "leadsite_description"
_REPORTED: Final = "leadsite_reported"


class Source(models.TextChoices):
    """Where the work came in: the sources of leads, and the worker."""

    API = "api", _("API")
    WHATSAPP = "whatsapp", _("WhatsApp")
    MANUAL = "manual", _("Manual")
    IMPORT = "import", _("Import")
    ADMIN = "admin", _("Admin")
    SQL = "sql", _("SQL")
    WORKER = "worker", _("Worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A creation or change that was rolled back. `source` is a Source; `operation` the service.

    `attempt` is the last one, from 1; 0 outside of `retried`. `error` and `input` have no text of customers.
    """

    id: UUID
    at: datetime
    source: str
    operation: str
    error: str
    user_id: UUID | None = None
    sqlstate: str = ""
    constraint: str = ""
    attempt: int = 0
    request_id: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)


class _Entry(threading.local):
    """Where this thread's work came in, and for which business; None where the service says it."""

    source: str | None = None
    user_id: UUID | None = None


_entry: Final = _Entry()
_process: Final = {"source": "manual"}
_listeners: Final[list[Callable[[Failure], None]]] = []


def on_failure(listener: Callable[[Failure], None]) -> None:
    """Call `listener` with each failure, in the thread where it happened. It must return at once and not raise."""
    _listeners.append(listener)


def set_process_source(source: str) -> None:
    """The source of work that has no entry point of its own: that of the process."""
    _process["source"] = source


def process_source() -> str:
    return _process["source"]


@contextmanager
def entered(source: str, user_id: UUID | None = None) -> Iterator[None]:
    """Name the source of the block, and its business where the services do not know it."""
    before = _entry.source, _entry.user_id
    _entry.source, _entry.user_id = source, user_id
    try:
        yield
    finally:
        _entry.source, _entry.user_id = before


def annotate(error: Exception, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note on the error which call failed: the innermost one is kept."""
    if not any(_DESCRIPTION in one.__dict__ for one in _chain(error)):
        error.__dict__[_DESCRIPTION] = (function, args, kwargs)


def report(error: BaseException, *, source: str = "", operation: str = "", attempt: int = 0) -> None:
    """Report the error of a transaction, unless it is an answer or was reported before."""
    chain = _chain(error)
    failed = next((one for one in chain if _is_failure(one)), None)
    if failed is None or any(_REPORTED in one.__dict__ for one in chain):
        return
    error.__dict__[_REPORTED] = True
    try:
        _tell(_failure_of(failed, chain, source=source, operation=operation, attempt=attempt))
    except Exception:
        # What cannot be described must not replace the error itself.
        log.exception("failure_not_reported")


def report_request(error: BaseException, request: HttpRequest) -> None:
    """Report an error of the database that ended a request that was to change something, unless a service has."""
    if request.method in ("GET", "HEAD", "OPTIONS") or not any(isinstance(one, Error) for one in _chain(error)):
        return
    if _was_reported(error):
        return
    match = request.resolver_match
    report(error, operation=f"{request.method} {match.view_name if match else ''}".strip())


def report_item(
    *, source: str, user_id: UUID, operation: str, sqlstate: str, constraint: str, error: str, item: Any
) -> None:
    """Report one item of several that was left out, while the transaction of the others was committed."""
    failure = new_failure(operation=operation, error=mask_numbers(error, first=FIRST))
    failure = replace(failure, source=source, user_id=user_id, input={"item": describe(item)})
    _tell(replace(failure, sqlstate=sqlstate, constraint=constraint, attempt=1, request_id=current_request_id()))


def new_failure(*, operation: str, error: str) -> Failure:
    """A failure of this process, now, of no business."""
    return Failure(id=clock.new_id(), at=clock.now(), source=process_source(), operation=operation, error=error)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those that it translates, outermost first."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__
    return chain


def _was_reported(error: BaseException | None) -> bool:
    """Also where the reported one was handled, and what was done instead failed as well: it is one request."""
    while error is not None and _REPORTED not in error.__dict__:
        error = error.__cause__ or error.__context__
    return error is not None


def _is_failure(error: BaseException) -> bool:
    if isinstance(error, Error) or getattr(error, "sqlstate", None) is not None:
        return True
    return type(error).__module__.partition(".")[0] not in _OURS and not isinstance(error, _ANSWERS)


def _failure_of(
    error: BaseException, chain: list[BaseException], *, source: str, operation: str, attempt: int
) -> Failure:
    described = next((one.__dict__[_DESCRIPTION] for one in chain if _DESCRIPTION in one.__dict__), None)
    arguments: dict[str, Any] = {}
    if described:
        function, args, kwargs = described
        arguments = dict(inspect.signature(function).bind(*args, **kwargs).arguments)
        operation = operation or function.__name__.strip("_").replace("_", " ")
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else None
    constraint = cause.diag.constraint_name if cause else getattr(error, "constraint", None)
    return Failure(
        id=clock.new_id(),
        at=clock.now(),
        source=str(arguments.get("source") or source or _entry.source or process_source()),
        operation=operation,
        user_id=_business_of(arguments) or _entry.user_id,
        sqlstate=(cause.sqlstate if cause else getattr(error, "sqlstate", None)) or "",
        constraint=constraint or "",
        attempt=attempt,
        request_id=current_request_id(),
        error=sentence_of(error),
        input={name: describe(value, name) for name, value in arguments.items() if not callable(value)},
    )


def _business_of(arguments: Mapping[str, Any]) -> UUID | None:
    """The business of a call: its argument `user_id`, or that of a row or a list of events among its arguments."""
    if isinstance(named := arguments.get("user_id"), UUID):
        return named
    owners = {owner for value in arguments.values() for owner in _owners_of(value)}
    return owners.pop() if len(owners) == 1 else None


def _owners_of(value: Any) -> list[UUID]:
    owner = getattr(value, "user_id", None)
    if isinstance(owner, UUID):
        return [owner]
    if isinstance(value, list | tuple):
        return [owner for part in value[:OWNERS_OF] for owner in _owners_of(part)]
    return list(getattr(getattr(value, "received", value), "businesses", []))


def _tell(failure: Failure) -> None:
    for listener in _listeners:
        listener(failure)
