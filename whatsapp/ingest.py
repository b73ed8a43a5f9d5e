"""Deliveries become rows: the body as it came and its effects, in one transaction.

The number of SQL statements does not depend on how much a delivery holds: whose numbers, the body, the effects.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import psycopg
import structlog
from django.db import Error, connection, transaction
from django.utils import timezone

from conversations.transactions import attempts, sqlstate
from leads.receiving import NOTHING_STORED, Received, Stored, receive_events
from whatsapp import payloads, twilio
from whatsapp.documents import Documents
from whatsapp.events import Unreadable
from whatsapp.models import WebhookDelivery

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 15
LONGEST_PAUSE: Final = timedelta(hours=6)
ERROR_MAX_LENGTH: Final = 10_000
READERS: Final = {"cloud": payloads.read, "twilio": twilio.read}
# Data exception, integrity violation, limit exceeded (PostgreSQL manual, appendix A): something in the delivery is to
# blame, and the rest of it may well be stored.
CONTENT_SQLSTATES: Final = ("22", "23", "54")
# By hand: the ORM takes as long to write this as the whole delivery takes to read.
_OWNERS: Final = "SELECT phone_number_id, user_id FROM channels WHERE phone_number_id = ANY(%s) AND active"
_KEEP: Final = """
    INSERT INTO webhook_deliveries (provider, body, received_at, state, error, unrouted, next_attempt_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
"""


@dataclass(slots=True)
class Work:
    """What is to be done about a delivery, and what will be said of it when that is done."""

    state: str
    error: str = ""
    unrouted: list[str] = field(default_factory=list)
    received: Received = field(default_factory=Received)


def receive(*, provider: str, body: bytes) -> None:
    """Keep an authentic delivery and make rows of what it holds. Opens the transaction.

    What cannot be read is left out and named in the delivery's error. Where the rows cannot be made, the body is
    kept as failed, to be tried again. Raises django.db.Error where not even that could be stored: nothing was then.
    """
    received_at = timezone.now()
    work = _work(provider, body, received_at)
    try:
        for attempt in attempts():
            # A twin of this delivery may be under way: it holds the locks that receive_events takes, and when it
            # has committed, its messages are here already.
            with attempt:
                delivery_id = _keep(provider, body, received_at, work)
                stored = receive_events(work.received)
                break
        _log(delivery_id, provider, work, stored)
    except Error as error:
        failed = Work(state=WebhookDelivery.State.FAILED, error=_reason(error), unrouted=work.unrouted)
        delivery_id = _keep(provider, body, received_at, failed, next_attempt_at=_next_attempt(1))
        _log(delivery_id, provider, failed, NOTHING_STORED)
        if _is_about_content(error):
            replay(delivery_id=delivery_id, singly=True)


def replay(*, delivery_id: UUID, singly: bool = False) -> str:
    """Make rows of a kept delivery again and return its new state; "" where another process is at it, or it is gone.

    What is here already stays as it is. `singly` gives each event a transaction of its own, so that one that the
    database refuses costs the others nothing; without it that is done when all together fail. Opens the transaction.
    Raises django.db.Error where the database is away.
    """
    try:
        for attempt in attempts():
            # Two may replay the same delivery: the second finds it locked and leaves it alone.
            with attempt:
                delivery = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(pk=delivery_id).first()
                if delivery is None:
                    return ""
                work = _work(delivery.provider, bytes(delivery.body), delivery.received_at)
                refused = _store_singly(work.received) if singly else _store_together(work.received)
                return _finish(delivery, work, refused)
        raise AssertionError("attempts() ended without a result or an exception")
    except Error as error:
        if _is_about_content(error) and not singly:
            return replay(delivery_id=delivery_id, singly=True)
        return _note_failure(delivery_id, error)


def _work(provider: str, body: bytes, received_at: datetime) -> Work:
    """Read the body and look up whose numbers are in it."""
    try:
        reading = READERS[provider](body, received_at)
    except Unreadable as error:
        return Work(state=WebhookDelivery.State.FAILED, error=str(error))
    except Exception as error:
        # A fault of ours. The body is kept all the same, and a mended version can replay it.
        log.exception("delivery_reader_broken", provider=provider)
        return Work(state=WebhookDelivery.State.FAILED, error=f"The reader broke: {type(error).__name__}.")
    documents = Documents(_owners({event.channel for event in reading.events}), received_at)
    documents.add(reading.events)
    problems = reading.problems + [f"Nobody's number, or switched off: {number}" for number in documents.unrouted]
    return Work(
        state=WebhookDelivery.State.UNROUTED if documents.unrouted else WebhookDelivery.State.PROCESSED,
        error="\n".join(problems)[:ERROR_MAX_LENGTH],
        unrouted=documents.unrouted,
        received=documents.received,
    )


def _owners(numbers: Collection[str]) -> dict[str, UUID]:
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS, [list(numbers)])
        return dict(cursor.fetchall())


def _keep(
    provider: str, body: bytes, received_at: datetime, work: Work, next_attempt_at: datetime | None = None
) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP, [provider, body, received_at, work.state, work.error, list(work.unrouted), next_attempt_at]
        )
        (delivery_id,) = cursor.fetchone() or (None,)
        return cast(UUID, delivery_id)


def _store_together(received: Received) -> list[str]:
    receive_events(received)
    return []


def _store_singly(received: Received) -> list[str]:
    """Store each event in a savepoint of its own and return why those were refused that were."""
    refused = []
    for name, event in received.singly():
        try:
            with transaction.atomic():
                receive_events(event)
        except Error as error:
            if not _is_about_content(error):
                raise
            refused.append(f"{name}: {_reason(error)}")
    return refused


def _finish(delivery: WebhookDelivery, work: Work, refused: list[str]) -> str:
    delivery.attempts += 1
    delivery.state = WebhookDelivery.State.FAILED if refused else work.state
    delivery.error = "\n".join([work.error, *refused]).strip()[:ERROR_MAX_LENGTH]
    delivery.unrouted = work.unrouted
    delivery.next_attempt_at = _next_attempt(delivery.attempts) if refused else None
    delivery.save(update_fields=["attempts", "state", "error", "unrouted", "next_attempt_at"])
    log.info("delivery_replayed", delivery_id=str(delivery.pk), state=delivery.state, attempts=delivery.attempts)
    return delivery.state


def _note_failure(delivery_id: UUID, error: Error) -> str:
    """What was begun is undone; say why in a transaction of its own."""
    with transaction.atomic():
        delivery = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(pk=delivery_id).first()
        if delivery is None:
            return ""
        return _finish(delivery, Work(state=delivery.state, unrouted=delivery.unrouted), [_reason(error)])


def _next_attempt(attempts_made: int) -> datetime | None:
    """After a minute, two, four, … six hours; None when enough has been tried, which is after about two days."""
    if attempts_made >= MAX_ATTEMPTS:
        return None
    return timezone.now() + min(timedelta(minutes=2 ** (attempts_made - 1)), LONGEST_PAUSE)


def _is_about_content(error: Error) -> bool:
    return (sqlstate(error) or "").startswith(CONTENT_SQLSTATES)


def _reason(error: Error) -> str:
    """PostgreSQL's sentence and the rule, without the values: those are the customer's."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return str(error)
    rule = f" ({cause.diag.constraint_name})" if cause.diag.constraint_name else ""
    return f"{cause.sqlstate or type(cause).__name__}: {cause.diag.message_primary or 'no answer'}{rule}"


def _log(delivery_id: UUID, provider: str, work: Work, stored: Stored) -> None:
    log.info(
        "delivery_received",
        delivery_id=str(delivery_id),
        provider=provider,
        state=work.state,
        new_messages=stored.messages,
        new_leads=stored.leads,
        problems=work.error.count("\n") + 1 if work.error else 0,
    )
