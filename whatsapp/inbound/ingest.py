"""Service that makes rows of deliveries: the body as it came and its effects, in one transaction.

The number of SQL statements does not depend on how much a delivery holds: whose numbers, the effects, the body.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import psycopg
import structlog
from django.db import DataError, Error, transaction
from django.utils import timezone

from leads.services.receive import Received, Stored, prepare, receive_events
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import retried, sqlstate
from whatsapp.channels import stop_channel
from whatsapp.inbound import twilio
from whatsapp.inbound.events import Unreadable
from whatsapp.inbound.meta import payloads
from whatsapp.inbound.routing import Route, route_events
from whatsapp.models import WebhookDelivery

log = structlog.get_logger(__name__)

State = WebhookDelivery.State

MAX_ATTEMPTS: Final = 15
# Each may wait for a lock as long as a web server does (2 s); Meta wants its answer within a second.
TRIES_WHILE_THE_PROVIDER_WAITS: Final = 2
LONGEST_PAUSE: Final = timedelta(hours=6)
ERROR_MAX_LENGTH: Final = 10_000
READERS: Final = {"cloud": payloads.read, "twilio": twilio.read}
# Cardinality violation, data exception, integrity violation, limit exceeded (PostgreSQL manual, appendix A): something
# in the delivery is to blame, and the rest of it may well be stored.
CONTENT_SQLSTATES: Final = ("21", "22", "23", "54")
# By hand: the ORM takes as long to write this as the whole delivery takes to read.
_CHANNELS: Final = """
    SELECT phone_number_id, id, user_id FROM channels WHERE phone_number_id = ANY(%s::text[]) AND active
"""
_KEEP: Final = """
    INSERT INTO webhook_deliveries (provider, body, received_at, state, error, unrouted, next_attempt_at)
    VALUES (%s, %s, %s, %s, %s, %s::text[], %s) RETURNING id
"""


@dataclass(slots=True)
class Work:
    """What is to be done about a delivery, and what will be said of it when that is done."""

    state: str
    notes: list[str] = field(default_factory=list)
    unrouted: list[str] = field(default_factory=list)
    received: Received = field(default_factory=Received)
    stopped: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)

    def after(self, stored: Stored) -> "Work":
        """The same, with what only storing could tell."""
        if not stored.left_out:
            return self
        return replace(self, notes=[*self.notes, f"{stored.left_out} of its notices are to nobody who has written."])

    @property
    def error(self) -> str:
        numbers = [f"Nobody's number, or switched off: {number}" for number in self.unrouted]
        return "\n".join(numbers + self.notes)[:ERROR_MAX_LENGTH]


def receive(*, provider: str, body: bytes) -> None:
    """Keep an authentic delivery and make rows of what it holds. Opens the transaction.

    What cannot be read is left out and named in the delivery's error. Where the rows cannot be made, the body is
    kept as failed, to be tried again. Raises django.db.Error where not even that could be stored: nothing was then.
    """
    received_at = timezone.now()
    work = _work(provider, body, received_at)
    try:
        delivery_id, stored = _store(provider, body, received_at, work)
        _log(delivery_id, provider, work, stored)
    except Error as error:
        failed = Work(state=State.FAILED, notes=[_reason(error)], unrouted=work.unrouted)
        delivery_id = _keep(provider, body, received_at, failed, next_attempt_at=_next_attempt(1))
        _log(delivery_id, provider, failed, Stored())
        if _is_about_content(error):
            replay(delivery_id=delivery_id, bisect=True)


@retried(attempts=TRIES_WHILE_THE_PROVIDER_WAITS)
def _store(provider: str, body: bytes, received_at: datetime, work: Work) -> tuple[UUID, Stored]:
    # The same delivery may come twice at one moment: the second waits for the locks that receive_events takes, and when
    # the first has committed, its messages are here already.
    with transaction.atomic():
        stored = receive_events(work.received)
        delivery_id = _keep(provider, body, received_at, work.after(stored))
        for channel_id, (reason, said_at) in sorted(work.stopped.items()):
            stop_channel(channel_id=channel_id, reason=reason, said_at=said_at)
        return delivery_id, stored


def replay(*, delivery_id: UUID, bisect: bool = False) -> str:
    """Make rows of a kept delivery again and return its new state; "" where another process is at it, or it is gone.

    What is here already stays as it is. `bisect`: in parts where all together fail, so that an event that the database
    refuses costs the others nothing; without it that is done when it turns out so. Opens the transaction. Raises
    django.db.Error where the database is away.
    """
    try:
        return _replay(delivery_id, bisect=bisect)
    except Error as error:
        if _is_about_content(error) and not bisect:
            return replay(delivery_id=delivery_id, bisect=True)
        return _note_failure(delivery_id, error)


@retried
def _replay(delivery_id: UUID, *, bisect: bool) -> str:
    # Two may replay the same delivery: the second finds it locked and leaves it alone.
    with transaction.atomic():
        delivery = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(pk=delivery_id).first()
        if delivery is None:
            return ""
        work = _work(delivery.provider, bytes(delivery.body), delivery.received_at)
        if not bisect:
            return _finish(delivery, work.after(receive_events(work.received)), [])
        prepare(businesses=work.received.businesses)
        return _finish(delivery, work, _bisect(work.received))


def _work(provider: str, body: bytes, received_at: datetime) -> Work:
    """Read the body and look up whose numbers are in it. Raises django.db.Error."""
    try:
        reading = READERS[provider](body, received_at)
        routed = route_events(reading.events, _routes({event.channel for event in reading.events}), received_at)
        state = State.UNROUTED if routed.unrouted else State.FAILED if reading.lost else State.PROCESSED
        return Work(
            state=state,
            notes=reading.lost + reading.problems,
            unrouted=routed.unrouted,
            received=routed.received,
            stopped=routed.stopped,
        )
    except Unreadable as error:
        return Work(state=State.FAILED, notes=[str(error)])
    except Error:
        raise
    except Exception as error:
        # A fault of ours. The body is kept all the same, and a fixed version can replay it.
        log.exception("delivery_reader_broken", provider=provider)
        return Work(state=State.FAILED, notes=[f"The reader broke: {type(error).__name__}."])


def _routes(numbers: Collection[str]) -> dict[str, Route]:
    if not numbers:
        return {}
    return {number: Route(*ids) for number, *ids in fetch_rows(_CHANNELS, [array(numbers)])}


def _keep(
    provider: str, body: bytes, received_at: datetime, work: Work, next_attempt_at: datetime | None = None
) -> UUID:
    values = [provider, body, received_at, work.state, work.error, array(work.unrouted), next_attempt_at]
    ((delivery_id,),) = fetch_rows(_KEEP, values)
    return cast(UUID, delivery_id)


def _bisect(received: Received) -> list[str]:
    """Store the events, halving those that the database refuses until single ones are left; return why it did.

    Caller holds the transaction and the locks of the businesses.
    """
    try:
        with transaction.atomic():  # a savepoint
            receive_events(received)
        return []
    except Error as error:
        if not _is_about_content(error):
            raise
        if len(received) == 1:
            return [f"{_name(received)}: {_reason(error)}"]
    return [reason for half in received.bisect() for reason in _bisect(half)]


def _name(received: Received) -> str:
    if received.messages:
        return f"message {received.messages[0].event.provider_id}"
    if received.statuses:
        return f"status of {received.statuses[0].provider_id}"
    return "a change of number or id"


def _finish(delivery: WebhookDelivery, work: Work, refused: list[str]) -> str:
    delivery.attempts += 1
    has_failed_before = delivery.state == State.FAILED
    delivery.state = State.FAILED if refused else work.state
    delivery.error = "\n".join([work.error, *refused]).strip()[:ERROR_MAX_LENGTH]
    delivery.unrouted = work.unrouted
    if not refused:
        delivery.next_attempt_at = None
    elif not has_failed_before or (delivery.next_attempt_at and delivery.next_attempt_at <= timezone.now()):
        # A replay by hand, before its time has come, leaves the worker's plan alone.
        delivery.next_attempt_at = _next_attempt(delivery.attempts)
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
    """A DataError without SQLSTATE is psycopg's own: a value that it cannot even send."""
    return isinstance(error, DataError) or (sqlstate(error) or "").startswith(CONTENT_SQLSTATES)


def _reason(error: Error) -> str:
    """What PostgreSQL says, without the values: those are the customer's."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return type(error).__name__
    rule = f" ({cause.diag.constraint_name})" if cause.diag.constraint_name else ""
    # The sentence of a data exception quotes the value.
    sentence = cause.diag.message_primary if not (cause.sqlstate or "").startswith("22") else type(cause).__name__
    return f"{cause.sqlstate or type(cause).__name__}: {sentence or 'no answer'}{rule}"


def _log(delivery_id: UUID, provider: str, work: Work, stored: Stored) -> None:
    log.info(
        "delivery_received",
        delivery_id=str(delivery_id),
        provider=provider,
        state=work.state,
        new_messages=stored.messages,
        new_leads=stored.leads,
        problems=len(work.notes),
    )
