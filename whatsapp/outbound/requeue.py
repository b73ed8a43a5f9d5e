"""Service that sends a message again which the provider accepted, and later reports as failed for a temporary reason.

The schedules are those of failures that it tells at once (retries.py). Nothing is sent twice: a report of failure is
certain, unless another one, in the same delivery or stored, says that the message was delivered. This stays so while
reports are repeated or late:

Note [Former ids]: the provider's id of the failed attempt, and its token, leave their columns for `former_ids` in the
message's extras. From then on its reports, repeated or late, say nothing about the message, except that it was
delivered after all: such a report finds the message by our id, or by the index messages_by_former_id. See
conversations/services/statuses.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from conversations.message_status_order import ProviderKey
from conversations.models import Message, ParkedStatus
from conversations.models.outgoing.attempts import Attempt, Requeued
from conversations.services.statuses import StatusReport
from conversations.services.waiting import update_waiting
from leadsite.core import clock
from leadsite.core.transactions import end_if_idle, retried
from whatsapp import channels
from whatsapp.outbound.changes import MAX_ATTEMPTS
from whatsapp.outbound.queue import OVERTAKEN
from whatsapp.outbound.retries import Schedule, given_up

log = structlog.get_logger(__name__)

# An older failure is not sent again: staff decide whether the message is still wanted. Deliveries may be late by days.
RECENT: Final = timedelta(minutes=15)
_MAY_BE_AGAIN: Final = frozenset(("queued", "sending", "unknown", "sent", "failed"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryFailure:
    """A report that a message failed, which may succeed later by this schedule."""

    report: StatusReport
    schedule: Schedule
    channel_id: UUID


@dataclass(frozen=True, slots=True)
class Decision:
    """`report`: what is still to be applied, None where nothing is. `requeued`: the message that is sent again."""

    report: StatusReport | None
    requeued: Requeued | None = None


def requeue_failed(*, failures: Sequence[TemporaryFailure], others: Sequence[StatusReport]) -> list[StatusReport]:
    """Queue the messages of these failures again; return the reports that are to be applied as failures.

    `others`: the other reports of the delivery. Those that say that a message was delivered keep it from being queued.

    Three statements for any number of failures, two more where one had failed for good, and one for each number that
    pauses. Opens the transaction. Raises django.db.Error.
    """
    return _requeue(failures, others) if failures else []


@retried(source="whatsapp", operation="queue failed messages again")
def _requeue(failures: Sequence[TemporaryFailure], others: Sequence[StatusReport]) -> list[StatusReport]:
    # The same report may arrive twice at the same moment, or while the worker records that the message was sent: each
    # locks the message's row, and the second finds the id of the attempt among the former ids.
    with transaction.atomic():
        end_if_idle()
        reports = [failure.report for failure in failures]
        attempts = Message.objects.lock_attempts(
            keys={report.key: report.provider_token for report in reports},
            ids=[report.message_id for report in reports if report.message_id is not None],
        )
        arrived = arrived_ids(others) | ParkedStatus.objects.arrived(report.parked_key for report in reports)
        decisions, pauses = decide_all(failures, attempts, arrived, now=clock.now())
        requeued = [decision.requeued for decision in decisions if decision.requeued]
        Message.objects.requeue(requeued)
        again = {message.id for message in requeued}
        failed = (one for one in attempts if one.id in again and one.status == "failed")
        update_waiting(conversation_ids={one.conversation_id for one in failed})
        for channel_id, seconds in sorted(pauses.items()):
            channels.pause_channel(channel_id=channel_id, seconds=seconds)
    for message in requeued:
        log.warning("message_requeued", message_id=str(message.id), schedule=message.retry_kind)
    return [decision.report for decision in decisions if decision.report]


def arrived_ids(reports: Sequence[StatusReport]) -> set[ProviderKey]:
    """Return all ids, ours and the provider's, of the messages that these reports say were delivered."""
    return {
        (report.user_id, str(id_))
        for report in reports
        if report.has_arrived
        for id_ in (report.message_id, report.provider_id, report.provider_token)
        if id_
    }


def decide_all(
    failures: Sequence[TemporaryFailure],
    attempts: Sequence[Attempt],
    arrived: Collection[ProviderKey],
    *,
    now: datetime,
) -> tuple[list[Decision], dict[UUID, float]]:
    """Decide about each failure; also return for how many seconds numbers pause. A message is queued again once."""
    by_key = {(attempt.user_id, attempt.provider_id): attempt for attempt in attempts if attempt.provider_id}
    by_id: dict[tuple[UUID, UUID | None], Attempt] = {(attempt.user_id, attempt.id): attempt for attempt in attempts}
    by_token: dict[tuple[UUID, str | None], Attempt] = {
        (attempt.user_id, attempt.provider_token): attempt for attempt in attempts if attempt.provider_token
    }
    decisions: list[Decision] = []
    pauses: dict[UUID, float] = {}
    done: dict[UUID, str] = {}
    for failure in failures:
        report = failure.report
        attempt = (
            by_id.get((report.user_id, report.message_id))
            or by_key.get(report.key)
            or by_token.get((report.user_id, report.provider_token))
        )
        if attempt is None or attempt.id in done:
            is_repeated = attempt is not None and done[attempt.id] == report.provider_id
            decisions.append(Decision(None if is_repeated else report))
            continue
        ids = {report.provider_id, report.provider_token, *_ids_of(attempt)}
        has_arrived = any((attempt.user_id, id_) in arrived for id_ in ids)
        decision = decide(failure, attempt, has_arrived=has_arrived, now=now)
        decisions.append(decision)
        if decision.requeued:
            done[attempt.id] = report.provider_id
            if failure.schedule.whole_number:
                pauses[failure.channel_id] = max(pauses.get(failure.channel_id, 0), decision.requeued.pause)
    return decisions, pauses


def _ids_of(attempt: Attempt) -> list[str | None]:
    return [str(attempt.id), attempt.provider_id, attempt.provider_token, *attempt.former_ids]


def decide(failure: TemporaryFailure, attempt: Attempt, *, has_arrived: bool, now: datetime) -> Decision:
    """Decide whether the message is sent again. The report is applied otherwise, with the reason why it is not.

    `has_arrived`: another report says that the message was delivered.
    """
    report, schedule = failure.report, failure.schedule
    if report.has_id_among(attempt.former_ids):
        return Decision(None)
    is_decided = attempt.provider_id is None and attempt.status == "failed"
    is_same = attempt.provider_token is not None and attempt.provider_token == report.provider_token
    is_other = attempt.provider_id not in (None, report.provider_id) and not is_same
    if is_other or is_decided or attempt.is_settled or attempt.status not in _MAY_BE_AGAIN:
        return Decision(report)
    if has_arrived or now - report.at > RECENT:
        return Decision(report)
    failures = schedule.failures_after(attempt.retry_kind, attempt.retries)
    pause = schedule.pause_after(failures)
    if pause is None or attempt.attempts >= MAX_ATTEMPTS:
        return Decision(replace(report, error=given_up(failures, report.error)))
    if attempt.is_overtaken:
        return Decision(replace(report, error=f"{report.error} {OVERTAKEN}"))
    ids = {report.provider_id, report.provider_token, attempt.provider_id, attempt.provider_token}
    former_ids = [*attempt.former_ids, *sorted(id_ for id_ in ids if id_)]
    return Decision(None, Requeued(attempt.id, report.error, schedule.name, failures, pause, former_ids))
