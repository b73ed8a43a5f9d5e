"""What becomes of a customer's rows: pure decisions. What is stored: management/commands/test_import_supabase.py."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from leads.migrating.plan import Found, Here, OldConversation, OldLead, Plan, plan_customer

DAY = datetime(2025, 3, 1, 12, tzinfo=UTC)
MADE = UUID(int=99)


def conversation(number: int, status: str = "active", **values: Any) -> OldConversation:
    made = OldConversation(UUID(int=number), number, status, DAY + timedelta(minutes=number), None, None, "")
    return made._replace(**values)


def lead(number: int, place: int | None, **values: Any) -> OldLead:
    at = UUID(int=place) if place else None
    made = OldLead(UUID(int=number), number, at, "order", "new", "A cake", DAY + timedelta(minutes=number), None, "")
    return made._replace(**values)


def plan(*rows: OldConversation | OldLead, here: Here | None = None) -> Plan:
    conversations = [row for row in rows if isinstance(row, OldConversation)]
    leads = [row for row in rows if isinstance(row, OldLead)]
    return plan_customer(Found(conversations=conversations, leads=leads, here=here), iter([MADE]))


def test_the_oldest_of_active_conversations_stays():
    found = plan(conversation(3), conversation(1), conversation(2))
    assert [one.id for one in found.new_conversations] == [UUID(int=1)]
    assert set(found.targets.values()) == {UUID(int=1)}
    assert set(found.notes) == {UUID(int=2), UUID(int=3)}


def test_what_was_merged_stays_merged_whatever_the_status_is_now():
    """The kept one was completed here since; the other was never stored."""
    found = plan(conversation(1, here=True), conversation(2))
    assert found.new_conversations == []
    assert found.targets[UUID(int=2)] == UUID(int=1)
    assert found.notes == {}


def test_a_conversation_whose_messages_are_elsewhere_was_merged_there():
    found = plan(conversation(2, "completed", moved_to=UUID(int=1)))
    assert found.new_conversations == []
    assert found.targets == {UUID(int=2): UUID(int=1)}


def test_of_leads_sent_twice_the_one_that_was_worked_on_stays():
    found = plan(conversation(1), lead(10, 1), lead(11, 1, status="qualified", created_at=DAY + timedelta(minutes=10)))
    assert [one.id for one in found.new_leads] == [UUID(int=11)]
    worked_on_both = plan(conversation(1), lead(10, 1, status="lost"), lead(11, 1, status="qualified"))
    assert len(worked_on_both.new_leads) == 2


def test_a_lead_without_conversation_opens_one_as_it_needs():
    assert plan(lead(10, None)).new_conversations[0].status == "active"
    closed = plan(lead(10, None, status="converted"))
    assert closed.new_conversations[0].status == "completed"
    assert closed.new_leads[0].conversation_id == MADE
    assert closed.made == 1


def test_a_lead_without_conversation_joins_what_the_customer_has():
    assert plan(conversation(1, "completed"), lead(10, None)).new_leads[0].conversation_id == UUID(int=1)
    here = Here(UUID(int=50), "completed")
    assert plan(lead(10, None), here=here).new_leads[0].conversation_id == UUID(int=50)
    archived = Here(UUID(int=50), "archived")
    assert plan(lead(10, None), here=archived).new_leads[0].conversation_id == MADE


def test_only_new_active_conversations_need_a_lead():
    assert plan(conversation(1)).without_lead == {UUID(int=1)}
    assert plan(conversation(1), lead(10, 1)).without_lead == set()
    assert plan(conversation(1), lead(10, 1, here=True)).without_lead == set()
    assert plan(conversation(1, "archived")).without_lead == set()
    assert plan(conversation(1, here=True)).without_lead == set()
