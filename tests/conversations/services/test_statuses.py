"""Which messages reports are about, what becomes of them, and in how many statements."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, Message, ParkedStatus
from conversations.services.statuses import StatusReport, apply_statuses, identify, merge_reports, plan_updates
from conversations.status_order import MessageStanding, ParkedStanding, Standing

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWNER, STRANGER = UUID(int=1), UUID(int=2)
MESSAGE, OTHER = UUID(int=11), UUID(int=12)


def report(status: str = "delivered", provider_id: str = "wamid.1", **more: Any) -> StatusReport:
    fields: dict[str, Any] = {"user_id": OWNER, "at": NOON} | more
    return StatusReport(**fields, status=status, provider_id=provider_id)


def message(provider_id: str | None = None, status: str = "sending", **more: Any) -> MessageStanding:
    fields: dict[str, Any] = {"id": MESSAGE, "user_id": OWNER, "is_outgoing": True, "is_new": False} | more
    return MessageStanding(**fields, provider_id=provider_id, standing=Standing(status))


class TestWhichMessageAReportIsAbout:
    def test_one_with_its_provider_id(self):
        known = message("wamid.1")
        assert identify([report()], [known]) == [known]

    def test_one_that_is_named_by_our_own_id_and_gets_the_provider_id(self):
        assert identify([report(message_id=MESSAGE)], [message()]) == [message("wamid.1")]

    def test_the_one_that_has_the_provider_id_where_another_is_named(self):
        known = message("wamid.1", id=OTHER)
        assert identify([report(message_id=MESSAGE)], [known, message()]) == [known]

    def test_none_of_another_business(self):
        assert identify([report(message_id=MESSAGE)], [message(user_id=STRANGER)]) == []

    def test_none_that_a_customer_wrote(self):
        assert identify([report(message_id=MESSAGE)], [message(is_outgoing=False)]) == []

    def test_one_message_gets_one_provider_id_and_no_two_messages_the_same(self):
        ids = [report(provider_id=provider_id, message_id=MESSAGE) for provider_id in ("wamid.2", "wamid.1")]
        assert identify(ids, [message()]) == [message("wamid.1")]
        both = [report(message_id=OTHER), report(message_id=MESSAGE)]
        assert identify(both, [message(id=OTHER), message()]) == [message("wamid.1")]


class TestWhatIsWritten:
    news = merge_reports([report("delivered")])
    parked = ParkedStanding(UUID(int=21), (OWNER, "wamid.1"), Standing("read", error="131049"))

    def test_a_message_takes_what_was_parked_along_and_the_parked_row_is_used_up(self):
        plan = plan_updates(self.news, [message("wamid.1")], [self.parked])
        assert [(found.standing.status, found.standing.error) for found in plan.messages] == [("read", "131049")]
        assert (plan.applied, plan.parked) == ([self.parked.id], [])

    def test_what_we_said_before_it_was_sent_is_of_no_use_any_more(self):
        uncertain = replace(message("wamid.1"), standing=Standing("unknown", error="The connection broke."))
        assert [found.standing.error for found in plan_updates(self.news, [uncertain], []).messages] == [""]

    def test_a_parked_row_is_written_again_only_where_it_has_changed(self):
        assert plan_updates(self.news, [], [self.parked]).parked != []
        same = ParkedStanding(self.parked.id, self.parked.key, self.news[self.parked.key])
        assert plan_updates(self.news, [], [same]).parked == []

    def test_nothing_becomes_of_what_a_customer_wrote(self):
        plan = plan_updates(self.news, [message("wamid.1", is_outgoing=False)], [self.parked])
        assert (plan.messages, plan.applied) == ([], [])


@pytest.fixture
def sent(transactional_db, owner):
    """A business with ten messages that were sent, committed."""
    customer = Customer.objects.create(user=owner.user, phone="+4915123456789")
    chat = Conversation.objects.create(user=owner.user, customer=customer)
    for number in range(10):
        Message.objects.create(
            user=owner.user, conversation=chat, direction="out", status="sent", provider_id=f"wamid.{number}"
        )
    return owner


def statements(*reports):
    """Apply the reports; return the first word of each statement in the transaction."""
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        apply_statuses(statuses=reports)
    return [word for query in captured if (word := query["sql"].split()[0]) not in ("BEGIN", "COMMIT")]


@pytest.mark.parametrize("count", [1, 10])
def test_two_statements_where_the_messages_are_known(sent, count):
    reports = [report("read", f"wamid.{number}", user_id=sent.id) for number in range(count)]
    assert statements(*reports) == ["SELECT", "WITH"]
    assert Message.objects.filter(status="read").count() == count
    assert statements(*reports) == ["SELECT"]
    assert not ParkedStatus.objects.exists()


@pytest.mark.parametrize("count", [1, 10])
def test_three_statements_more_where_some_are_not_here_yet(sent, count):
    reports = [report("read", f"wamid.late.{number}", user_id=sent.id) for number in range(count)]
    assert statements(*reports) == ["SELECT", "INSERT", "SELECT"]
    later = [replace(known, status="played") for known in reports]
    assert statements(report("read", "wamid.1", user_id=sent.id), *later) == [
        "SELECT",
        "INSERT",
        "SELECT",
        "UPDATE",
        "WITH",
    ]
    assert ParkedStatus.objects.filter(status="played").count() == count


def test_what_is_parked_is_used_by_a_message_that_gets_its_provider_id(sent):
    nameless = Message.objects.create(
        user=sent.user, conversation=Conversation.objects.get(), direction="out", status="unknown", error="Lost."
    )
    statements(report("read", "wamid.late", user_id=sent.id))
    statements(report("sent", "wamid.late", user_id=sent.id, message_id=nameless.pk))
    nameless.refresh_from_db()
    assert (nameless.status, nameless.error, nameless.provider_id) == ("read", "", "wamid.late")
    assert sorted(nameless.extras["times"]) == ["read", "sent"]
    assert not ParkedStatus.objects.exists()
