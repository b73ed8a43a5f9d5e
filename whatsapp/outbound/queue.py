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
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from conversations.models import Conversation, Message
from conversations.services.statuses import StatusReport, apply_statuses
from whatsapp import channels
from whatsapp.outbound.outcomes import AT_ONCE, Again, Failed, Outcome, Outgoing, Sent, Stopped, Unknown
from whatsapp.outbound.providers.http import TOTAL_SECONDS

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 30
# Until so long after the claim a request may begin, to be over with some seconds to spare for its record.
BEGIN_SECONDS: Final = LEASE_SECONDS - TOTAL_SECONDS - 5
# How far ahead of a number's pace messages are claimed: a worker has them at hand when their moment comes.
AHEAD_SECONDS: Final = 0.1
# However its errors change: who has been tried so often will not arrive.
MOST_ATTEMPTS: Final = 100
LOST: Final = "The worker was gone before it could say what became of this: it may have been sent or not."
OVERTAKEN: Final = (
    "The worker slept, and did not send this; later messages have gone out since. Send it again if need be."
)
# A row that somebody holds is recorded later; no other message waits for that.
_IMPATIENT: Final = "SET LOCAL lock_timeout = '100ms'"
_COLUMNS: Final = tuple(Outgoing.__slots__)
_CLAIM: Final = f"""
    SELECT {", ".join(_COLUMNS)}
    FROM claim_messages(%s, make_interval(secs => %s), %s, make_interval(secs => %s), %s, %s)
"""  # noqa: S608 - the columns are ours

Status = Message.Status
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
    """Write down what became of messages, all or none, and wait for nobody: one try, which gives up on a held row.

    Opens the transaction. Raises django.db.Error.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_IMPATIENT)
        # A report of the same message may come in at this moment: see Note [Parked statuses].
        _record_sent([(message, outcome) for message, outcome in results if isinstance(outcome, Sent)])
        for message, outcome in sorted(results, key=lambda result: result[0].id):
            if not isinstance(outcome, Sent):
                _record_not_sent(message, outcome)
        # Numbers last, and in one order: another worker may be about the same ones.
        for message, outcome in sorted(results, key=lambda result: result[0].channel_id):
            _hold_back(message, outcome)
    for message, outcome in results:
        _log(message, outcome)


def _record_sent(results: Sequence[tuple[Outgoing, Sent]]) -> None:
    """They are sent, whatever others have made of them meanwhile. Caller holds the transaction."""
    now = timezone.now()
    apply_statuses(
        statuses=[
            StatusReport(
                user_id=message.user_id,
                provider_id=outcome.provider_id,
                message_id=message.id,
                status=Status.SENT,
                at=now,
                details={"accepted": outcome.said} if outcome.said else {},
            )
            for message, outcome in results
        ]
    )


def _record_not_sent(message: Outgoing, outcome: Again | Failed | Unknown | Stopped) -> None:
    """Caller holds the transaction.

    Only while the message is as this worker took it: others may have sent it since, or staff may have decided. That a
    message given up as lost was certainly not sent, though, is news.
    """
    mine = Message.objects.filter(pk=message.id, attempts=message.attempt, provider_id=None)
    changes = _changes(message, outcome)
    if mine.filter(status=Status.SENDING).update(**changes) or isinstance(outcome, Unknown):
        return
    lost = mine.filter(status=Status.UNKNOWN)
    if changes["status"] == Status.QUEUED and lost.exists() and _was_overtaken(message):
        changes |= {"status": Status.FAILED, "error": OVERTAKEN, "due_at": None}
    lost.update(**changes)


def _changes(message: Outgoing, outcome: Again | Failed | Unknown | Stopped) -> dict[str, Any]:
    """The columns by which the message says what became of it."""
    changes: dict[str, Any] = {"error": outcome.reason, "leased_until": None, "due_at": None, "updated_at": Now()}
    if isinstance(outcome, Unknown):
        return changes | {"status": Status.UNKNOWN}
    if isinstance(outcome, Failed) or (isinstance(outcome, Stopped) and outcome.fails):
        return changes | {"status": Status.FAILED}
    if isinstance(outcome, Stopped):
        return changes | {"status": Status.QUEUED, "due_at": Now()}
    failures = failures_in_a_row(message, outcome)
    pause = pause_after(message, outcome)
    if pause is None or message.attempt >= MOST_ATTEMPTS:
        last_words = f"Given up after {failures} tries. {outcome.reason}"
        return changes | {"status": Status.FAILED, "error": last_words}
    due_at = Now() + timedelta(seconds=pause)
    again = {"retry_kind": outcome.schedule.name, "retries": failures, "due_at": due_at}
    return changes | {"status": Status.QUEUED} | again


def failures_in_a_row(message: Outgoing, outcome: Again) -> int:
    """How often it has failed of this by now, without anything else in between."""
    return message.retries + 1 if message.retry_kind == outcome.schedule.name else 1


def pause_after(message: Outgoing, outcome: Again) -> float | None:
    """Seconds until the message is due again; None where it has been tried often enough."""
    pause = outcome.schedule.pause_after(failures_in_a_row(message, outcome))
    return None if pause is None else max(pause, outcome.pause)


def _was_overtaken(message: Outgoing) -> bool:
    """Whether a later message through this number has gone to the customer, or is about to."""
    customers = Conversation.objects.filter(messages=message.id).values("customer")
    later = Message.objects.filter(conversation__customer__in=customers, direction=Message.Direction.OUT)
    return later.filter(pk__gt=message.id, channel_id=message.channel_id, attempts__gt=0).exists()


def _hold_back(message: Outgoing, outcome: Outcome) -> None:
    """Stop or pause the number, where its provider has something against that. Caller holds the transaction."""
    if isinstance(outcome, Stopped):
        channels.stop_channel(channel_id=message.channel_id, reason=outcome.reason, token=message.token)
        return
    pause = pause_after(message, outcome) if isinstance(outcome, Again) and outcome.schedule.whole_number else None
    if pause is not None:
        channels.pause_channel(channel_id=message.channel_id, seconds=pause)


def lose() -> int:
    """Give up messages whose worker is gone: see Note [Sent once]. Opens the transaction; returns how many."""
    with transaction.atomic():
        # Whoever records one of them at this moment knows better.
        gone = Message.objects.filter(status=Status.SENDING, leased_until__lt=Now())
        ids = list(gone.select_for_update(skip_locked=True).values_list("pk", flat=True))
        lost = Message.objects.filter(pk__in=ids).update(
            status=Status.UNKNOWN, error=LOST, leased_until=None, updated_at=Now()
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
