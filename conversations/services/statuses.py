"""Service that applies what providers report about outgoing messages: sent, delivered, read, failed.

Note [Parked statuses]: a report may arrive before its message is stored, or before the message has its provider id. It
is then stored in parked_statuses. Where one transaction stores the message and another its report at the same moment,
both write that row: its unique key makes the second wait for the first and then read what it committed. Therefore a
transaction that sets a provider id, or stores a message that has one, also applies a report ("sent") itself. Only
messages whose provider id was committed earlier need no parked row, because no report can be parked for them.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from conversations.incoming import Sender
from conversations.message_status_order import (
    ARRIVED,
    BEFORE_SENT,
    MessageRecord,
    ParkedRecord,
    ProviderKey,
    StatusRecord,
    reported,
)
from conversations.models import Message, ParkedStatus
from conversations.services.late_deliveries import statuses_of_erased
from conversations.services.user_ids import add_user_ids_afterwards, named_user_ids
from conversations.services.waiting import update_waiting


@dataclass(slots=True, kw_only=True)
class StatusReport:
    """What a provider says about one outgoing message: sent, delivered, read, played or failed (with `error`).

    `message_id` is our id of the message, where the provider returns it; it finds messages that have no provider id.
    """

    user_id: UUID
    provider_id: str
    status: str
    at: datetime
    error: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    message_id: UUID | None = None
    opts_out: bool = False  # the message failed because the customer has opted out of marketing
    provider_token: str | None = None  # what is the same in all ids that the provider has for the message
    recipient: Sender | None = None  # where it opts out, or where the provider names number and WhatsApp user id

    @property
    def has_arrived(self) -> bool:
        """Whether it says that the message reached the customer."""
        return self.status in ARRIVED

    @property
    def key(self) -> ProviderKey:
        return self.user_id, self.provider_id

    def has_id_among(self, ids: Collection[str]) -> bool:
        """Whether one of these ids and tokens of the provider's is that of its message."""
        return self.provider_id in ids or self.provider_token in ids

    @property
    def parked_key(self) -> ProviderKey:
        """The key of the parked row: the same whichever of its ids a report has."""
        return self.user_id, self.provider_token or self.provider_id


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write: messages and parked rows with their new statuses, and ids of parked rows to delete as applied."""

    messages: list[MessageRecord]
    parked: list[ParkedRecord]
    applied: list[UUID]


class Applied(NamedTuple):
    messages: set[UUID]  # those that have reports
    erased: list[StatusReport]  # left out, because they are about erased people


def apply_statuses(*, statuses: Sequence[StatusReport]) -> Applied:
    """Apply reports to messages, and park those whose message is not stored, unless it was erased.

    Their order does not matter (conversations/message_status_order.py). Two statements where every message has its
    provider id, at most six otherwise, however many reports; two more where a message becomes failed, or is so no
    longer: the customer then waits for an answer, or not. Locks messages in the order of their ids, then parked rows by
    (user, provider id). Caller holds the transaction, has locked recipients of failures (undelivered.py).
    """
    if not statuses:
        return Applied(set(), [])
    messages = _lock_reported(statuses)
    statuses = with_stored_ids(statuses, messages)
    reports = merge_reports(statuses)
    nameless = {message.id for message in messages if message.provider_id is None}
    named = {report.key for report in statuses if report.message_id in nameless}
    settled = [one for one in messages if one.key in reports and one.key not in named and not one.is_new]
    plan = plan_updates(reports, settled, parked=[])
    erased = statuses_of_erased(statuses, stored=messages)
    if unsettled := reports.keys() - {one.key for one in settled} - {report.key for report in erased}:
        about = [report for report in statuses if report.key in unsettled]
        parked = ParkedStatus.objects.park({report.parked_key: reports[report.key] for report in about})
        # A separate statement: it sees what the transactions committed for which the statement above waited.
        late = _lock_reported(about)
        rest, copies = _plan_late(about, late, parked)
        Message.objects.delete_copies(copies)
        plan, messages = Plan(plan.messages + rest.messages, rest.parked, rest.applied), messages + late
    before = {message.id: message for message in messages}
    changed = [message for message in plan.messages if message != before[message.id]]
    ParkedStatus.objects.write(plan.parked)
    Message.objects.write_statuses(changed, applied=plan.applied)
    moved = [message for message in changed if message.has_failed != before[message.id].has_failed]
    update_waiting(conversation_ids={message.conversation_id for message in moved if message.conversation_id})
    add_user_ids_afterwards(statuses, plan.messages)
    return Applied({message.id for message in plan.messages}, erased)


def _lock_reported(statuses: Sequence[StatusReport]) -> list[MessageRecord]:
    return Message.objects.lock_reported(
        keys={report.key: report.provider_token for report in statuses},
        arrived={report.key for report in statuses if report.has_arrived},
        ids=[report.message_id for report in statuses if report.message_id is not None],
        named=named_user_ids(statuses),
    )


def _plan_late(
    about: Sequence[StatusReport], messages: Sequence[MessageRecord], parked: Iterable[ParkedRecord]
) -> tuple[Plan, list[UUID]]:
    """Return what to write of reports whose rows have been parked, and the ids of copies to delete."""
    named = with_stored_ids(about, messages)
    keys = {before.parked_key: after.key for before, after in zip(about, named, strict=True)}
    found, copies = identify(named, messages)
    return plan_updates(merge_reports(named), found, [replace(row, key=keys[row.key]) for row in parked]), copies


def with_stored_ids(statuses: Iterable[StatusReport], messages: Iterable[MessageRecord]) -> list[StatusReport]:
    """Return the reports with the provider ids that their messages are stored with.

    A provider may have several ids for one message. Our id of it counts first, then the provider's id as it is, then
    its token. Reports about one message that is not stored get the id of the first of them. A report that a former
    attempt has arrived gets our id of its message too, see Note [Former ids] in whatsapp/outbound/requeue.py.
    """
    messages = list(messages)
    sent = [message for message in messages if message.is_outgoing and message.provider_id is not None]
    ours: dict[UUID | None, MessageRecord] = {message.id: message for message in sent}
    stored = {message.key for message in sent}
    by_token = {(message.user_id, message.provider_token): message.provider_id or "" for message in sent}
    result = []
    for report in _with_our_ids(statuses, messages, stored | by_token.keys()):
        provider_id = report.provider_id
        mine = ours.get(report.message_id)
        if mine and mine.user_id == report.user_id and _may_name(report, ours):
            provider_id = mine.provider_id or ""
        elif report.provider_token is not None and report.key not in stored:
            provider_id = by_token.setdefault((report.user_id, report.provider_token), provider_id)
        result.append(report if provider_id == report.provider_id else replace(report, provider_id=provider_id))
    return result


def _with_our_ids(
    statuses: Iterable[StatusReport], messages: Sequence[MessageRecord], stored: Container[tuple[UUID, str | None]]
) -> list[StatusReport]:
    """Return the reports with our ids in those which say that a former attempt of a message has arrived.

    `stored`: the ids and tokens that messages have now. They count first.
    """
    former: dict[tuple[UUID, str | None], UUID] = {
        (message.user_id, id_): message.id for message in messages if message.is_outgoing for id_ in message.former_ids
    }
    ours = {message.id for message in messages}
    result = []
    for report in statuses:
        keys = (report.key, (report.user_id, report.provider_token))
        named = report.message_id in ours or any(key in stored for key in keys)
        message_id = None if named or not report.has_arrived else former.get(keys[0]) or former.get(keys[1])
        result.append(replace(report, message_id=message_id) if message_id else report)
    return result


def merge_reports(statuses: Iterable[StatusReport]) -> dict[ProviderKey, StatusRecord]:
    """Merge the reports about each message."""
    reports: dict[ProviderKey, StatusRecord] = {}
    for report in statuses:
        record = reported(status=report.status, at=report.at, error=report.error, details=report.details)
        reports[report.key] = reports[report.key].merge(record) if report.key in reports else record
    return reports


def identify(
    statuses: Iterable[StatusReport], messages: Iterable[MessageRecord]
) -> tuple[list[MessageRecord], list[UUID]]:
    """Return the messages that the reports are about, all with provider ids; and the ids of copies to delete.

    A message that a report names by our id gets the provider id of that report, unless it has one, or another message
    has the same one; of several reports the one with the smallest provider id counts. That other message may be a copy
    of this one: the provider's echo, which arrived before it was recorded that this one was sent. Then the copy's
    statuses are this one's.
    """
    found = {message.key: message for message in messages if message.provider_id is not None}
    nameless: dict[UUID | None, MessageRecord] = {one.id: one for one in messages if one.provider_id is None}
    named = {
        (id_, report.key): report.provider_token
        for report in statuses
        if (id_ := report.message_id) and _may_name(report, nameless)
    }
    copies = []
    for message_id, key in sorted(named):
        message, other = nameless.get(message_id), found.get(key)
        if message is None or not message.is_outgoing or message.user_id != key[0]:
            continue
        if other is None:
            token = named[message_id, key]
            found[key] = replace(nameless.pop(message_id), provider_id=key[1], provider_token=token)
        elif other.is_outgoing and not other.is_ours:
            copies.append(other.id)
            record = _applied(other.record, message.record)
            found[key] = replace(other, id=nameless.pop(message_id).id, record=record, is_ours=True)
    return list(found.values()), copies


def _may_name(report: StatusReport, messages: Mapping[UUID | None, MessageRecord]) -> bool:
    """Whether the report says something about the message with its id: of a former attempt only that it arrived."""
    message = messages.get(report.message_id)
    return message is None or not report.has_id_among(message.former_ids) or report.has_arrived


def plan_updates(
    reports: Mapping[ProviderKey, StatusRecord], messages: Iterable[MessageRecord], parked: Iterable[ParkedRecord]
) -> Plan:
    """Combine reports with parked rows and compute what to write. `messages` have their provider ids."""
    plan = Plan([], [], [])
    known = {message.key: message for message in messages if message.key in reports}
    merged = dict(reports)
    for row in parked:
        merged[row.key] = row.record.merge(reports[row.key])
        if row.key in known and known[row.key].is_outgoing:
            plan.applied.append(row.id)
        elif merged[row.key] != row.record:
            plan.parked.append(replace(row, record=merged[row.key]))
    for key, message in known.items():
        if message.is_outgoing:
            plan.messages.append(replace(message, record=_applied(merged[key], message.record)))
    return plan


def _applied(report: StatusRecord, record: StatusRecord) -> StatusRecord:
    """A message's status after a report. An error from before the message was sent is dropped."""
    return (replace(record, error="") if record.status in BEFORE_SENT else record).merge(report)
