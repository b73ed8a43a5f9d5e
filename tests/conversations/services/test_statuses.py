"""Status reports: the message that each is about, what is written, and the number of statements."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conversations.incoming import Sender
from conversations.message_status_order import MessageRecord, ParkedRecord, StatusRecord
from conversations.models import Conversation, Customer, Message, ParkedStatus
from conversations.services.statuses import StatusReport, apply_statuses, identify, merge_reports, plan_updates

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWNER, STRANGER = UUID(int=1), UUID(int=2)
MESSAGE, OTHER = UUID(int=11), UUID(int=12)


def report(status: str = "delivered", provider_id: str = "wamid.1", **more: Any) -> StatusReport:
    fields: dict[str, Any] = {"user_id": OWNER, "at": NOON} | more
    return StatusReport(**fields, status=status, provider_id=provider_id)


def message(provider_id: str | None = None, status: str = "sending", **more: Any) -> MessageRecord:
    fields: dict[str, Any] = {"id": MESSAGE, "user_id": OWNER, "is_outgoing": True, "is_new": False} | more
    return MessageRecord(**{"provider_token": None, **fields}, provider_id=provider_id, record=StatusRecord(status))


class TestIdentify:
    def test_a_report_is_about_the_message_with_its_provider_id(self):
        known = message("wamid.1")
        assert identify([report()], [known]) == ([known], [])

    def test_a_message_named_by_our_id_gets_the_provider_id(self):
        assert identify([report(message_id=MESSAGE)], [message()]) == ([message("wamid.1")], [])

    def test_the_provider_id_takes_precedence_over_our_id(self):
        known = message("wamid.1", id=OTHER)
        assert identify([report(message_id=MESSAGE)], [known, message()]) == ([known], [])

    def test_a_copy_of_our_message_is_replaced_by_it_with_its_statuses(self):
        copy = message("wamid.1", id=OTHER, is_ours=False, status="read")
        assert identify([report(message_id=MESSAGE)], [copy, message()]) == (
            [message("wamid.1", status="read")],
            [OTHER],
        )

    def test_a_message_of_another_business_is_not_found(self):
        assert identify([report(message_id=MESSAGE)], [message(user_id=STRANGER)]) == ([], [])

    def test_a_message_that_a_customer_wrote_is_not_found(self):
        assert identify([report(message_id=MESSAGE)], [message(is_outgoing=False)]) == ([], [])

    def test_one_message_gets_one_provider_id_and_no_two_messages_the_same(self):
        ids = [report(provider_id=provider_id, message_id=MESSAGE) for provider_id in ("wamid.2", "wamid.1")]
        assert identify(ids, [message()]) == ([message("wamid.1")], [])
        both = [report(message_id=OTHER), report(message_id=MESSAGE)]
        assert identify(both, [message(id=OTHER), message()]) == ([message("wamid.1")], [])


class TestPlanUpdates:
    reports = merge_reports([report("delivered")])
    parked = ParkedRecord(UUID(int=21), (OWNER, "wamid.1"), StatusRecord("read", error="131049"))

    def test_a_parked_row_is_merged_into_its_message_and_deleted(self):
        plan = plan_updates(self.reports, [message("wamid.1")], [self.parked])
        assert [(found.record.status, found.record.error) for found in plan.messages] == [("read", "131049")]
        assert (plan.applied, plan.parked) == ([self.parked.id], [])

    def test_an_error_from_before_the_message_was_sent_is_dropped(self):
        uncertain = replace(message("wamid.1"), record=StatusRecord("unknown", error="The connection broke."))
        assert [found.record.error for found in plan_updates(self.reports, [uncertain], []).messages] == [""]

    def test_a_parked_row_is_written_only_if_it_has_changed(self):
        assert plan_updates(self.reports, [], [self.parked]).parked != []
        same = ParkedRecord(self.parked.id, self.parked.key, self.reports[self.parked.key])
        assert plan_updates(self.reports, [], [same]).parked == []

    def test_reports_about_a_customers_message_are_ignored(self):
        plan = plan_updates(self.reports, [message("wamid.1", is_outgoing=False)], [self.parked])
        assert (plan.messages, plan.applied) == ([], [])


@pytest.fixture
def sent(transactional_db, owner):
    """A business with ten sent messages, which are committed."""
    customer = Customer.objects.create(user=owner.user, phone="+4915123456789")
    conversation = Conversation.objects.create(user=owner.user, customer=customer)
    for number in range(10):
        Message.objects.create(
            user=owner.user, conversation=conversation, direction="out", status="sent", provider_id=f"wamid.{number}"
        )
    return owner


def statements(*reports):
    """Apply the reports; return the first word of each statement in the transaction."""
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        apply_statuses(statuses=reports)
    return [word for query in captured if (word := query["sql"].split()[0]) not in ("BEGIN", "COMMIT")]


@pytest.mark.parametrize("count", [1, 10])
def test_reports_about_stored_messages_take_two_statements(sent, count):
    reports = [report("read", f"wamid.{number}", user_id=sent.id) for number in range(count)]
    assert statements(*reports) == ["SELECT", "WITH"]
    assert Message.objects.filter(status="read").count() == count
    assert statements(*reports) == ["SELECT"]
    Customer.objects.update(whatsapp_user_id="DE.1")
    names_both = Sender(phone="+4915123456789", whatsapp_user_id="DE.1")
    assert statements(*(replace(one, recipient=names_both) for one in reports)) == ["SELECT"]
    assert not ParkedStatus.objects.exists()


@pytest.mark.parametrize("count", [1, 10])
def test_reports_about_messages_that_are_not_stored_take_up_to_four_more_statements(sent, count):
    reports = [report("read", f"wamid.late.{number}", user_id=sent.id) for number in range(count)]
    assert statements(*reports) == ["SELECT", "SELECT", "INSERT", "SELECT"]
    later = [replace(one, status="played") for one in reports]
    assert statements(report("read", "wamid.1", user_id=sent.id), *later) == [
        "SELECT",
        "SELECT",
        "INSERT",
        "SELECT",
        "UPDATE",
        "WITH",
    ]
    assert ParkedStatus.objects.filter(status="played").count() == count


def test_a_parked_report_is_applied_when_a_message_gets_its_provider_id(sent):
    without_id = Message.objects.create(
        user=sent.user, conversation=Conversation.objects.get(), direction="out", status="unknown", error="Lost."
    )
    statements(report("read", "wamid.late", user_id=sent.id))
    statements(report("sent", "wamid.late", user_id=sent.id, message_id=without_id.pk))
    without_id.refresh_from_db()
    assert (without_id.status, without_id.error, without_id.provider_id) == ("read", "", "wamid.late")
    assert sorted(without_id.extras["times"]) == ["read", "sent"]
    assert not ParkedStatus.objects.exists()
