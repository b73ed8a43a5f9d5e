"""The queue of messages that go out, as rows of `messages`: claim, and record what became of them.

A worker claims in a short transaction, talks HTTP outside of any, and records in another. It may be killed, or sleep,
between any two of them:

Note [Sent once]: nobody sends a message but the worker that claimed it, and that one begins only while the lease has
as long to run as a request can take (`BEGIN_SECONDS`). When the lease ends without a record, nobody knows whether the
request had left: the message becomes `unknown` and is never claimed again. What the worker then still has to say is
recorded where it can only help: that the provider took the message, or that it certainly was not sent.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from conversations.models import Message
from conversations.transactions import attempts
from whatsapp import services
from whatsapp.outgoing import AT_ONCE, Again, Failed, Outcome, Outgoing, Sent, Stopped, Unknown
from whatsapp.providers.http import TOTAL_SECONDS

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 30
# Until so long after the claim a request may begin, to be over with some seconds to spare for its record.
BEGIN_SECONDS: Final = LEASE_SECONDS - TOTAL_SECONDS - 5
# How far ahead of a number's pace messages are claimed: a worker has them at hand when their moment comes.
AHEAD_SECONDS: Final = 0.1
LOST: Final = (
    "The worker was gone before it could say what became of this: it may have been sent or not. A report of the"
    " provider's will tell, or decide yourself."
)
_COLUMNS: Final = tuple(Outgoing.__slots__)
_CLAIM: Final = f"""
    SELECT {", ".join(_COLUMNS)}
    FROM claim_messages(%s, make_interval(secs => %s), %s, make_interval(secs => %s), %s, %s)
"""  # noqa: S608 - the columns are ours

Result = tuple[Outgoing, Outcome]


def claim(limit: int) -> list[Outgoing]:
    """Take up to `limit` messages to send now, each in its turn. Opens the transaction. Raises django.db.Error."""
    pace = (settings.WHATSAPP_MESSAGES_PER_SECOND, AHEAD_SECONDS)
    pair = (settings.WHATSAPP_PAIR_SECONDS, settings.WHATSAPP_PAIR_BURST)
    with connection.cursor() as cursor:
        # One statement, and so a transaction of its own.
        cursor.execute(_CLAIM, [limit, LEASE_SECONDS, *pace, *pair])
        return [_outgoing(dict(zip(_COLUMNS, row, strict=True))) for row in cursor.fetchall()]


def _outgoing(row: dict[str, Any]) -> Outgoing:
    # Django reads jsonb as text, and leaves it to its JSONField to parse it.
    return Outgoing(**row | {"extras": json.loads(row["extras"])})


def record(results: Sequence[Result]) -> None:
    """Write down what became of messages, all or none. Opens the transaction. Raises django.db.Error."""
    for attempt in attempts():
        # A status of the same message may come in at this moment: both meet in mark_messages, see there.
        with attempt:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            _record_sent([(message, outcome) for message, outcome in results if isinstance(outcome, Sent)])
            for message, outcome in sorted(results, key=lambda result: result[0].id):
                if not isinstance(outcome, Sent):
                    _record_not_sent(message, outcome)
            break
    for message, outcome in results:
        _log(message, outcome)


def _record_sent(results: Sequence[tuple[Outgoing, Sent]]) -> None:
    """Whoever else has given the message up or queued it: it is sent. Caller holds the transaction."""
    if not results:
        return
    now = timezone.now()
    reports = [_report(message, outcome, now) for message, outcome in results]
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark_messages(%s::jsonb)", [json.dumps(reports)])
    # What is said of earlier tries is of no use any more.
    tried_before = [message.id for message, _ in results if message.attempt > 1]
    Message.objects.filter(pk__in=tried_before, status=Message.Status.SENT).update(error="")


def _report(message: Outgoing, outcome: Sent, at: datetime) -> dict[str, Any]:
    return {
        "user_id": str(message.user_id),
        "provider_id": outcome.provider_id,
        "message_id": str(message.id),
        "status": Message.Status.SENT,
        "at": at.isoformat(),
        "error": "",
        "details": {"accepted": outcome.said} if outcome.said else {},
    }


def _record_not_sent(message: Outgoing, outcome: Again | Failed | Unknown | Stopped) -> None:
    """Caller holds the transaction.

    Only while the message is as this worker took it: others may have sent it since, or staff may have decided. That a
    message given up as lost was certainly not sent, though, is news.
    """
    mine = Message.objects.filter(pk=message.id, attempts=message.attempt, provider_id=None)
    if isinstance(outcome, Unknown):
        mine.filter(status=Message.Status.SENDING).update(
            status=Message.Status.UNKNOWN, error=outcome.reason, leased_until=None, updated_at=Now()
        )
        return
    pause = _pause(message, outcome)
    changes: dict[str, Any] = {"error": outcome.reason, "leased_until": None, "updated_at": Now()}
    if pause is None:
        changes |= {"status": Message.Status.FAILED, "error": _last_words(message, outcome), "due_at": None}
    else:
        changes |= {"status": Message.Status.QUEUED, "due_at": Now() + timedelta(seconds=pause)}
    mine.filter(status__in=[Message.Status.SENDING, Message.Status.UNKNOWN]).update(**changes)
    if isinstance(outcome, Stopped):
        services.stop_channel(channel_id=message.channel_id, reason=outcome.reason, token=message.token)
    elif isinstance(outcome, Again) and outcome.schedule.whole_number and pause is not None:
        services.pause_channel(channel_id=message.channel_id, seconds=pause)


def _pause(message: Outgoing, outcome: Again | Failed | Stopped) -> float | None:
    """Seconds until the message is due again; None where it has failed."""
    if isinstance(outcome, Stopped):
        return None if outcome.fails else 0
    if isinstance(outcome, Failed):
        return None
    pause = outcome.schedule.pause_after(message.attempt)
    return None if pause is None else max(pause, outcome.pause)


def _last_words(message: Outgoing, outcome: Again | Failed | Stopped) -> str:
    return f"Given up after {message.attempt} tries. {outcome.reason}" if isinstance(outcome, Again) else outcome.reason


def lose() -> int:
    """Give up messages whose worker is gone: see Note [Sent once]. Opens the transaction; returns how many."""
    with transaction.atomic():
        # Whoever records one of them at this moment knows better.
        gone = Message.objects.filter(status=Message.Status.SENDING, leased_until__lt=Now())
        ids = list(gone.select_for_update(skip_locked=True).values_list("pk", flat=True))
        lost = Message.objects.filter(pk__in=ids).update(
            status=Message.Status.UNKNOWN, error=LOST, leased_until=None, updated_at=Now()
        )
    if lost:
        log.warning("messages_lost_sight_of", messages=lost)
    return lost


def not_begun(message: Outgoing) -> Result:
    """What to record of a message that was claimed and not tried."""
    return message, Again("The worker was held up before it could begin.", AT_ONCE)


def _log(message: Outgoing, outcome: Outcome) -> None:
    """Without the reason: that may quote the customer's number. The row has it."""
    event = log.info if isinstance(outcome, Sent) else log.warning
    event(
        "message_" + type(outcome).__name__.lower(),
        message_id=str(message.id),
        channel_id=str(message.channel_id),
        attempt=message.attempt,
    )
