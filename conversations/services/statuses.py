"""Service that applies what providers report about outgoing messages: sent, delivered, read, failed.

Note [Parked statuses]: a report may come before its message is here, or before the message has its provider id. It then
waits in parked_statuses, and two transactions that bring a message and its report at the same moment meet at that row's
unique key: the second waits for the first, and reads what the first has committed. So a transaction that gives a
message its provider id, or stores one that has it, also applies a report of its own ("sent"). Only a message whose
provider id was committed before needs no parked row: nothing can be waiting for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.models import Message, ParkedStatus
from conversations.status_order import (
    BEFORE_SENT,
    MessageStanding,
    ParkedStanding,
    ProviderKey,
    Standing,
    reported,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What a provider says about one outgoing message: sent, delivered, read, played or failed (with `error`).

    `message_id` is our own id of the message, where the provider gives it back; it finds a message that does not have
    its provider id yet.
    """

    user_id: UUID
    provider_id: str
    status: str
    at: datetime
    error: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    message_id: UUID | None = None

    @property
    def key(self) -> ProviderKey:
        return self.user_id, self.provider_id


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written: messages as they stand now, parked rows that stay, and those that are used up."""

    messages: list[MessageStanding]
    parked: list[ParkedStanding]
    applied: list[UUID]


def apply_statuses(*, statuses: Sequence[StatusReport]) -> None:
    """Bring messages up to date with what is reported of them; a report whose message is not here waits for it.

    The order of the reports does not matter (conversations/status_order.py). Two statements where every message has its
    provider id, five at most, however many reports. Locks messages in the order of their ids, then parked rows in the
    order of (user, provider id). Caller holds the transaction. Raises django.db.Error.
    """
    if not statuses:
        return
    news = merge_reports(statuses)
    messages = Message.objects.lock_reported(keys=list(news), ids=_message_ids(statuses))
    settled = [message for message in messages if message.key in news and not message.is_new]
    plan = plan_updates(news, settled, parked=[])
    if unsettled := {key: news[key] for key in sorted(news.keys() - {message.key for message in settled})}:
        parked = ParkedStatus.objects.park(unsettled)
        # A statement of its own: it sees what those have committed for whom the one above has waited.
        about = [report for report in statuses if report.key in unsettled]
        late = Message.objects.lock_reported(keys=list(unsettled), ids=_message_ids(about))
        rest = plan_updates(unsettled, identify(about, late), parked)
        plan, messages = Plan(plan.messages + rest.messages, rest.parked, rest.applied), messages + late
    before = {message.id: message for message in messages}
    changed = [message for message in plan.messages if message != before[message.id]]
    ParkedStatus.objects.write(plan.parked)
    Message.objects.write_standings(changed, applied=plan.applied)


def merge_reports(statuses: Iterable[StatusReport]) -> dict[ProviderKey, Standing]:
    """All that is said of each message as one."""
    news: dict[ProviderKey, Standing] = {}
    for report in statuses:
        said = reported(status=report.status, at=report.at, error=report.error, details=report.details)
        news[report.key] = news[report.key].merge(said) if report.key in news else said
    return news


def identify(statuses: Iterable[StatusReport], messages: Iterable[MessageStanding]) -> list[MessageStanding]:
    """The messages that the reports are about, all with their provider ids.

    A message that a report names by our own id gets the provider id of that report, unless it has one or another
    message has that one already; of several the smallest.
    """
    found = {message.key: message for message in messages if message.provider_id is not None}
    nameless = {message.id: message for message in messages if message.provider_id is None}
    named = {(report.message_id, report.key) for report in statuses if report.message_id is not None}
    for message_id, key in sorted(named):
        message = nameless.get(message_id)
        if message and message.is_outgoing and message.user_id == key[0] and key not in found:
            found[key] = replace(nameless.pop(message_id), provider_id=key[1])
    return list(found.values())


def plan_updates(
    news: Mapping[ProviderKey, Standing], messages: Iterable[MessageStanding], parked: Iterable[ParkedStanding]
) -> Plan:
    """What comes of `news`, together with what was parked, for messages that have their provider ids."""
    plan = Plan([], [], [])
    known = {message.key: message for message in messages if message.key in news}
    told = dict(news)
    for row in parked:
        told[row.key] = row.standing.merge(news[row.key])
        if row.key in known and known[row.key].is_outgoing:
            plan.applied.append(row.id)
        elif told[row.key] != row.standing:
            plan.parked.append(replace(row, standing=told[row.key]))
    for key, message in known.items():
        if message.is_outgoing:
            plan.messages.append(replace(message, standing=_applied(told[key], message.standing)))
    return plan


def _applied(said: Standing, standing: Standing) -> Standing:
    """What a message is known as after a report. What we said ourselves before it was sent is of no use any more."""
    return (replace(standing, error="") if standing.status in BEFORE_SENT else standing).merge(said)


def _message_ids(statuses: Iterable[StatusReport]) -> list[UUID]:
    return [report.message_id for report in statuses if report.message_id is not None]
