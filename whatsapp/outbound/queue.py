"""The queue of outgoing messages, as rows of `messages`: claims them and records the outcomes.

A worker claims in a short transaction, makes the HTTP request outside of any, and records in another. It may be killed
or suspended between any two of these steps:

Note [Sent once]: only the worker that claimed a message sends it, and it starts only while the lease is valid for
longer than a request can take (`begin_until`), whatever came before: the wait for its turn, the upload of its file.
When a lease expires without a record, it is not known whether the request left: the message becomes `unknown` and is
never claimed again. An outcome that the worker records after that counts only if it is certain: the provider accepted
the message, or it was not sent.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from conversations.models import IS_UNDECIDED, Message, Undelivered
from conversations.models.outgoing.outbox import LEASES_WITH_FILE
from conversations.services.statuses import StatusReport, apply_statuses
from conversations.services.undelivered import lock_recipients
from conversations.services.waiting import update_waiting
from leadsite.core import clock
from leadsite.core.transactions import end_if_idle
from whatsapp import channels
from whatsapp.models import Channel, ReadyChannel
from whatsapp.outbound.changes import changes_of, pause_after
from whatsapp.outbound.outcomes import NOT_IN_TIME, Failed, Outcome, Outgoing, Retry, Sent, Stopped, Unknown, outgoing
from whatsapp.outbound.providers.http import TOTAL_SECONDS
from whatsapp.wamids import token_of

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 30
# A request may start until this long after the claim, so that the lease is still valid when its outcome is recorded.
BEGIN_SECONDS: Final = LEASE_SECONDS - TOTAL_SECONDS - 5
# How far ahead of a channel's rate limit messages are claimed, so that a worker can send them on time.
AHEAD: Final = timedelta(seconds=0.1)
LEASE_EXPIRED: Final = gettext_noop(
    "The worker stopped before it recorded the outcome. The message may or may not have been sent."
)
OVERTAKEN: Final = gettext_noop(
    "This was not sent in time, and later messages have been sent since. Send it again if it is still needed."
)
REPEATED_ID: Final = gettext_noop(
    "The provider answered with the id of another message, so it is not known whether this one was sent."
)
NOTHING_IN_FLIGHT: Final[Mapping[UUID, int]] = {}
# The outcome of a message whose row is locked is recorded later, so that the others do not wait.
RECORD_LOCK_TIMEOUT: Final = "100ms"

Status = Message.Status
Result = tuple[Outgoing, Outcome]


def claim(
    limit: int, *, of_business: int | None = None, in_flight: Mapping[UUID, int] = NOTHING_IN_FLIGHT
) -> list[Outgoing]:
    """Lease up to `limit` messages that may be sent now. Opens the transaction. Raises django.db.Error.

    `of_business`: so many of one business at most, with those that the worker has `in_flight` by business.

    Two rate limits, one for each channel and one for each customer, by one time in the row of each (a leaky bucket as
    a meter: the generic cell rate algorithm, ITU-T I.371): `paced_until` is when all messages claimed so far will have
    been sent.
    """
    claimed: list[Outgoing] = []
    seen: list[UUID] = []
    most = limit if of_business is None else of_business
    of = Counter(in_flight)
    with transaction.atomic():
        # Two workers claim at the same moment: each skips the rows that the other has locked (channels, customers,
        # messages), so claims never wait, and claims from one channel follow each other.
        end_if_idle()
        while (room := limit - len(claimed)) > 0:
            full = [business for business, count in of.items() if count >= most]
            ready = Channel.objects.lock_ready(ahead=AHEAD, limit=room, seen=seen, full=full)
            for channel in ready:
                if (may := min(limit - len(claimed), most - of[channel.user_id])) > 0:
                    claimed += (messages := _claim_from(channel, may))
                    of[channel.user_id] += len(messages)
            if len(ready) < room:
                break
            seen += [channel.id for channel in ready]
    return claimed


def _claim_from(channel: ReadyChannel, limit: int) -> list[Outgoing]:
    """Lease up to `limit` messages of one channel, as many as its rate allows. Caller holds the transaction."""
    rate = settings.WHATSAPP_MESSAGES_PER_SECOND
    interval = timedelta(seconds=settings.WHATSAPP_PAIR_SECONDS)
    granted = 1 + int((channel.now + AHEAD - channel.free_at).total_seconds() * rate)
    ids = Message.objects.lock_due(
        channel_id=channel.id,
        user_id=channel.user_id,
        now=channel.now,
        paced_until=channel.now + interval * (settings.WHATSAPP_PAIR_BURST - 1),
        limit=min(limit, granted),
    )
    leased = (
        Message.objects.lease(ids, now=channel.now, lease=timedelta(seconds=LEASE_SECONDS), pair=interval)
        if ids
        else []
    )
    if leased:
        Channel.objects.set_pace(channel.id, paced_until=channel.free_at + timedelta(seconds=len(leased) / rate))
    begin = (channel.free_at - channel.now).total_seconds()
    return [outgoing(message, channel, wait=begin + turn / rate) for turn, message in enumerate(leased)]


def record(results: Sequence[Result]) -> None:
    """Record outcomes, all or none. A row that stays locked longer than RECORD_LOCK_TIMEOUT raises an error.

    Opens the transaction, and another one for the WhatsApp user ids that the outcomes name: it waits once for as long,
    and is left to the next report then. Raises django.db.Error.
    """
    with transaction.atomic():
        end_if_idle(lock_timeout=RECORD_LOCK_TIMEOUT)
        lock_recipients(messages=_undelivered(results))
        # A report about the same message may arrive at the same moment: see Note [Parked statuses].
        applied = _record_sent([(message, outcome) for message, outcome in results if isinstance(outcome, Sent)])
        results = [_known(message, outcome, applied) for message, outcome in results]
        not_sent = [
            (message, outcome)
            for message, outcome in sorted(results, key=lambda result: result[0].id)
            if not isinstance(outcome, Sent)
        ]
        failed = [message.id for message, outcome in not_sent if _record_not_sent(message, outcome)]
        update_waiting(conversation_ids=Message.objects.conversations_of(failed))
        # Channels last, and ordered, because another worker may update the same ones.
        for message, outcome in sorted(results, key=lambda result: result[0].channel_id):
            _stop_or_pause_channel(message, outcome)
    for message, outcome in results:
        _log(message, outcome)


def _undelivered(results: Sequence[Result]) -> list[Undelivered]:
    """The messages that become failed."""
    now = clock.now()
    return [
        Undelivered(message.user_id, None, message.id, now, opts_out=isinstance(outcome, Failed) and outcome.opts_out)
        for message, outcome in results
        if not isinstance(outcome, Sent) and changes_of(message, outcome)["status"] == Status.FAILED
    ]


def _known(message: Outgoing, outcome: Outcome, applied: Container[UUID]) -> Result:
    """A provider that repeats an id says nothing about this message: reports with the id are about the other one."""
    repeated = isinstance(outcome, Sent) and message.id not in applied
    return message, Unknown(REPEATED_ID) if repeated else outcome


def _record_sent(results: Sequence[tuple[Outgoing, Sent]]) -> set[UUID]:
    """Record sent messages, whatever their status has become in the meantime. Returns those whose id is stored now.
    Caller holds the transaction.
    """
    now = clock.now()
    return apply_statuses(
        statuses=[
            StatusReport(
                user_id=message.user_id,
                provider_id=outcome.provider_id,
                provider_token=token_of(outcome.provider_id),
                message_id=message.id,
                status=Status.SENT,
                at=now,
                details={"accepted": outcome.details} if outcome.details else {},
                recipient=outcome.recipient_of(message),
            )
            for message, outcome in results
        ]
    ).messages


def _record_not_sent(message: Outgoing, outcome: Retry | Failed | Unknown | Stopped) -> bool:
    """Return whether the message is failed now. Caller holds the transaction.

    Only while the message is as this worker leased it: another worker may have sent it since, or staff may have
    decided. Except: a message that became unknown because the lease expired was certainly not sent; but not one that
    staff have left.
    """
    mine = Message.objects.filter(pk=message.id, attempts=message.attempt, provider_id=None)
    changes = changes_of(message, outcome)
    if mine.filter(status=Status.SENDING).update(**changes):
        return bool(changes["status"] == Status.FAILED)
    if isinstance(outcome, Unknown):
        return False
    unknown = mine.filter(IS_UNDECIDED)
    if changes["status"] == Status.QUEUED and unknown.exists() and Message.objects.was_overtaken(message.id):
        changes |= {"status": Status.FAILED, "error": OVERTAKEN, "due_at": None}
    return unknown.update(**changes) > 0 and changes["status"] == Status.FAILED


def _stop_or_pause_channel(message: Outgoing, outcome: Outcome) -> None:
    """Stop or pause the channel where the outcome requires it; note the first message that was accepted. Caller holds
    the transaction.
    """
    if isinstance(outcome, Sent) and message.is_new_channel:
        Channel.objects.filter(pk=message.channel_id, first_sent_at=None).update(first_sent_at=Now())
    if isinstance(outcome, Stopped):
        channels.stop_channel(channel_id=message.channel_id, reason=outcome.reason, token=message.token)
        return
    pause = pause_after(message, outcome) if isinstance(outcome, Retry) and outcome.schedule.whole_number else None
    if pause is not None:
        channels.pause_channel(channel_id=message.channel_id, seconds=pause)


def expire_leases() -> int:
    """Set messages with an expired lease to unknown: see Note [Sent once]. Opens the transaction; returns how many."""
    expired = Message.objects.expire_leases(error=LEASE_EXPIRED)
    if expired:
        log.warning("message_leases_expired", messages=expired)
    return expired


def move_times(by: timedelta) -> None:
    """Move the times that are ahead of the database's clock, which was moved back. Caller holds the transaction."""
    Message.objects.move_times(by, lease=timedelta(seconds=LEASE_SECONDS))
    Channel.objects.move_times(by)


def not_attempted(message: Outgoing) -> Result:
    """Return the outcome of a message that was claimed and not attempted."""
    return message, NOT_IN_TIME


def begin_until(message: Outgoing, claimed_at: float) -> float:
    """Return when the request of a message may begin at the latest, by the clock of `claimed_at`."""
    leases = LEASES_WITH_FILE if message.media else 1
    return claimed_at + BEGIN_SECONDS + LEASE_SECONDS * (leases - 1)


def _log(message: Outgoing, outcome: Outcome) -> None:
    """Without the reason, which may quote the customer's number. The row has it."""
    event = log.info if isinstance(outcome, Sent) else log.warning
    event(
        "message_" + type(outcome).__name__.lower(),
        message_id=str(message.id),
        channel_id=str(message.channel_id),
        attempt=message.attempt,
    )
