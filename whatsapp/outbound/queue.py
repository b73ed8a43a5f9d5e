"""The queue of messages that go out, as rows of `messages`: claim, and record what became of them.

A worker claims in a short transaction, talks HTTP outside of any, and records in another. It may be killed, or sleep,
between any two of them:

Note [Sent once]: nobody sends a message but the worker that claimed it, and that one begins only while the lease has
as long to run as a request can take (`BEGIN_SECONDS`). When the lease ends without a record, nobody knows whether the
request had left: the message becomes `unknown` and is never claimed again. What the worker then still has to say is
recorded where it can only help: that the provider took the message, or that it certainly was not sent.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from conversations.models import Conversation, Message
from conversations.models.outbox import Leased
from conversations.services.statuses import StatusReport, apply_statuses
from leadsite.core.transactions import end_if_idle
from whatsapp import channels
from whatsapp.models import Channel, ReadyChannel
from whatsapp.outbound.outcomes import AT_ONCE, Again, Failed, Outcome, Outgoing, Sent, Stopped, Unknown
from whatsapp.outbound.providers.http import TOTAL_SECONDS

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 30
# Until so long after the claim a request may begin, to be over with some seconds to spare for its record.
BEGIN_SECONDS: Final = LEASE_SECONDS - TOTAL_SECONDS - 5
# How far ahead of a number's pace messages are claimed: a worker has them at hand when their moment comes.
AHEAD: Final = timedelta(seconds=0.1)
# However its errors change: who has been tried so often will not arrive.
MOST_ATTEMPTS: Final = 100
LOST: Final = "The worker was gone before it could say what became of this: it may have been sent or not."
OVERTAKEN: Final = (
    "The worker slept, and did not send this; later messages have gone out since. Send it again if need be."
)
# A row that somebody holds is recorded later; no other message waits for that.
RECORD_LOCK_TIMEOUT: Final = "100ms"

Status = Message.Status
Result = tuple[Outgoing, Outcome]


def claim(limit: int) -> list[Outgoing]:
    """Take up to `limit` messages to send now, each in its turn. Opens the transaction. Raises django.db.Error.

    Two paces, one for each number and one for each customer, by one time in the row of each (a leaky bucket as a
    meter: the generic cell rate algorithm, ITU-T I.371): `paced_until` is when all that was granted so far will have
    been sent.
    """
    claimed: list[Outgoing] = []
    seen: list[UUID] = []
    with transaction.atomic():
        # Two workers may claim at this moment. Each passes over what the other holds: numbers, customers, messages; so
        # claims wait for no lock, and of one number they follow each other.
        end_if_idle()
        while (room := limit - len(claimed)) > 0:
            ready = Channel.objects.lock_ready(ahead=AHEAD, limit=room, seen=seen)
            for channel in ready:
                claimed += _claim_from(channel, limit - len(claimed))
            if len(ready) < room:
                break
            seen += [channel.id for channel in ready]
    return claimed


def _claim_from(channel: ReadyChannel, limit: int) -> list[Outgoing]:
    """Up to `limit` messages of one number, as many as its pace allows. Caller holds the transaction."""
    rate = settings.WHATSAPP_MESSAGES_PER_SECOND
    pair = timedelta(seconds=settings.WHATSAPP_PAIR_SECONDS)
    granted = 1 + int((channel.now + AHEAD - channel.free_at).total_seconds() * rate)
    ids = Message.objects.lock_due(
        channel_id=channel.id,
        user_id=channel.user_id,
        now=channel.now,
        paced_until=channel.now + pair * (settings.WHATSAPP_PAIR_BURST - 1),
        limit=min(limit, granted),
    )
    leased = (
        Message.objects.lease(ids, now=channel.now, lease=timedelta(seconds=LEASE_SECONDS), pair=pair) if ids else []
    )
    if leased:
        Channel.objects.set_pace(channel.id, paced_until=channel.free_at + timedelta(seconds=len(leased) / rate))
    begin = (channel.free_at - channel.now).total_seconds()
    return [_outgoing(message, channel, wait=begin + turn / rate) for turn, message in enumerate(leased)]


def _outgoing(message: Leased, channel: ReadyChannel, *, wait: float) -> Outgoing:
    return Outgoing(
        id=message.id,
        user_id=channel.user_id,
        attempt=message.attempts,
        retry_kind=message.retry_kind,
        retries=message.retries,
        kind=message.kind,
        content=message.content,
        extras=message.extras,
        address=message.address,
        channel_id=channel.id,
        provider=channel.provider,
        phone_number_id=channel.phone_number_id,
        token=channel.token,
        wait=wait,
    )


def record(results: Sequence[Result]) -> None:
    """Write down what became of messages, all or none, and wait for nobody: one try, which gives up on a held row.

    Opens the transaction. Raises django.db.Error.
    """
    with transaction.atomic():
        end_if_idle(lock_timeout=RECORD_LOCK_TIMEOUT)
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


def expire_leases() -> int:
    """Give up messages whose worker is gone: see Note [Sent once]. Opens the transaction; returns how many."""
    expired = Message.objects.expire_leases(error=LOST)
    if expired:
        log.warning("messages_lost_sight_of", messages=expired)
    return expired


def not_begun(message: Outgoing) -> Result:
    """What to record of a message that was claimed and not tried."""
    return message, Again("The worker stopped, or was held up, before it could begin.", AT_ONCE)


def _log(message: Outgoing, outcome: Outcome) -> None:
    """Without the reason: that may quote the customer's number. The row has it."""
    event = log.info if isinstance(outcome, Sent) else log.warning
    event(
        "message_" + type(outcome).__name__.lower(),
        message_id=str(message.id),
        channel_id=str(message.channel_id),
        attempt=message.attempt,
    )
