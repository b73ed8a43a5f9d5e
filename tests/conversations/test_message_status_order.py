"""Merging reports about a message: the result does not depend on their order or repetition."""

from datetime import UTC, datetime, timedelta, timezone
from functools import reduce

import pytest
from django.db.models import CheckConstraint
from hypothesis import given
from hypothesis import strategies as st

from conversations.message_status_order import BEFORE_SENT, ORDER, StatusRecord, reported, time_text
from conversations.models import Message, ParkedStatus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
REPORTED = [status for status in ORDER if status not in BEFORE_SENT]

reports = st.builds(
    reported,
    status=st.sampled_from(REPORTED),
    at=st.integers(0, 3).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    error=st.sampled_from(["", "131049: Not delivered", "131026: Unreachable"]),
    details=st.dictionaries(st.sampled_from(["pricing", "conversation"]), st.sampled_from(["a", "b"])),
)
ours = st.builds(
    StatusRecord, status=st.sampled_from(["sent", "failed"]), error=st.sampled_from(["", "Given up after 15 tries."])
)


def merge_all(*records: StatusRecord) -> StatusRecord:
    return reduce(StatusRecord.merge, records)


@given(first=reports | ours, others=st.lists(reports, min_size=1, max_size=6), data=st.data())
def test_the_order_of_reports_does_not_matter(first, others, data):
    everything = [first, *others]
    assert merge_all(*data.draw(st.permutations(everything))) == merge_all(*everything)


@given(first=reports | ours, others=st.lists(reports, min_size=1, max_size=6), data=st.data())
def test_how_reports_are_grouped_does_not_matter(first, others, data):
    middle = data.draw(st.integers(1, len(others)))
    earlier = merge_all(first, *others[:middle])
    assert merge_all(earlier, *others[middle:]) == merge_all(first, *others)
    assert merge_all(first, merge_all(others[0], *others[1:])) == merge_all(first, *others)


@given(record=reports | ours)
def test_a_repeated_report_changes_nothing(record):
    assert record.merge(record) == record


def test_the_order_has_every_status_of_an_outgoing_message():
    assert set(ORDER) == set(Message.Status) - {Message.Status.RECEIVED}
    allowed = {constraint.name: constraint for constraint in ParkedStatus._meta.constraints}[
        "parked_statuses_status_valid"
    ]
    assert isinstance(allowed, CheckConstraint)
    assert set(REPORTED) == set(dict(allowed.condition.children)["status__in"])  # type: ignore[arg-type,union-attr]


@pytest.mark.parametrize(("earlier", "later"), [("sent", "failed"), ("failed", "delivered"), ("delivered", "read")])
def test_a_status_is_replaced_only_by_a_later_one(earlier, later):
    assert StatusRecord(earlier).merge(StatusRecord(later)).status == later
    assert StatusRecord(later).merge(StatusRecord(earlier)).status == later


def test_our_own_reason_is_kept():
    given_up = StatusRecord("failed", error="Given up after 15 tries.")
    late = reported(status="failed", at=NOON, error="131049: Not delivered")
    assert given_up.merge(late).error == "Given up after 15 tries."


def test_a_failure_without_a_reason_does_not_replace_one_with_a_reason():
    without_reason = reported(status="failed", at=NOON)
    with_reason = reported(status="failed", at=NOON + timedelta(seconds=1), error="131049: Not delivered")
    assert without_reason.merge(with_reason).error == "131049: Not delivered"


def test_the_error_of_a_status_other_than_failed_is_ignored():
    assert reported(status="read", at=NOON, error="131049").error == ""


def test_times_are_written_in_utc():
    assert (
        time_text(datetime(2026, 11, 22, 13, 30, 1, 5, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-22T12:30:01Z"
    )
