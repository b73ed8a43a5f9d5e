"""delete_lead, restore_lead and the SQL functions of the same rules: what they leave, and the same rows by both."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation
from leads.models import Lead
from leads.services.change import StaleVersion, UnknownLead
from leads.services.delete import delete_lead, restore_lead
from leads.services.refusals import ExternalIdTaken
from leadsite.monitoring.integrity import check_integrity
from tests.factories import Business, call
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

PHONE = "+1234567890"
UNKNOWN_ID = UUID("00000000-0000-7000-8000-000000000000")


def delete(business: Business, lead_id: UUID, **options: Any) -> Any:
    return delete_lead(user_id=business.id, lead_id=lead_id, person_id=business.id, **options)


def restore(business: Business, lead_id: UUID) -> Any:
    return restore_lead(user_id=business.id, lead_id=lead_id)


def test_the_conversation_goes_with_the_last_lead_and_comes_back_with_the_first(owner: Business) -> None:
    one, two = [owner.has_lead(customer_phone=PHONE) for _ in range(2)]
    assert not delete(owner, one.lead_id).conversation_deleted
    assert delete(owner, two.lead_id).conversation_deleted
    assert owner.row_counts() == (1, 0, 0)
    lead = Lead.all_objects.get(pk=two.lead_id)
    assert lead.deleted_by == owner.user
    assert lead.conversation.deleted_at == lead.deleted_at
    assert restore(owner, one.lead_id).conversation_restored
    assert not restore(owner, two.lead_id).conversation_restored
    assert owner.row_counts() == (1, 1, 2)
    assert not Lead.objects.exclude(deleted_by=None).exists()


@pytest.mark.parametrize("by_sql", [False, True])
def test_what_comes_back_beside_an_active_conversation_is_completed_and_does_not_wait(
    owner: Business, by_sql: bool
) -> None:
    inbox = Inbox(owner)
    inbox.gets(meta.text("Hello"))
    lead = Lead.objects.get()
    delete(owner, lead.pk)
    inbox.gets(meta.text("Hello again"))
    answer = call("restore_lead_with_conversation", owner.id, lead.pk) if by_sql else restore(owner, lead.pk)._asdict()
    assert answer["conversation_restored"]
    came_back = Conversation.objects.get(pk=lead.conversation_id)
    assert (came_back.status, came_back.waiting_since) == ("completed", None)
    assert Conversation.objects.exclude(waiting_since=None).get() != came_back
    assert check_integrity() == []


def test_what_is_not_there_is_unknown(owner: Business, stranger: Business) -> None:
    made = owner.has_lead()
    for business, lead_id in ((stranger, made.lead_id), (owner, UNKNOWN_ID)):
        for operation in (delete, restore):
            with pytest.raises(UnknownLead):
                operation(business, lead_id)
    delete(owner, made.lead_id)
    with pytest.raises(UnknownLead):
        delete(owner, made.lead_id)


def test_a_lead_that_is_not_deleted_stays_as_it_is(owner: Business) -> None:
    made = owner.has_lead()
    assert restore(owner, made.lead_id)[2:] == (False, False)
    assert Lead.objects.get().version == 1


def test_a_lead_that_was_changed_since_it_was_read_is_not_deleted(owner: Business) -> None:
    made = owner.has_lead()
    with pytest.raises(StaleVersion):
        delete(owner, made.lead_id, version=7)
    assert owner.row_counts() == (1, 1, 1)


def test_the_external_id_is_free_and_then_taken(owner: Business) -> None:
    deleted = owner.has_lead(external_id="A-1")
    delete(owner, deleted.lead_id)
    other = owner.has_lead(external_id="A-1")
    with pytest.raises(ExternalIdTaken, match="another lead has its external id “A-1”"):
        restore(owner, deleted.lead_id)
    delete(owner, other.lead_id)
    restore(owner, deleted.lead_id)
    assert Lead.objects.get().pk == deleted.lead_id


@pytest.mark.parametrize(("closed", "status"), [(False, "completed"), (True, "active")])
def test_a_conversation_comes_back_completed_where_another_is_active(
    owner: Business, closed: bool, status: str
) -> None:
    deleted = owner.has_lead(customer_phone=PHONE)
    delete(owner, deleted.lead_id)
    other = owner.has_lead(customer_phone=PHONE)
    if closed:
        Conversation.objects.filter(pk=other.conversation_id).update(status="archived")
    restore(owner, deleted.lead_id)
    assert Conversation.objects.get(pk=deleted.conversation_id).status == status


def test_a_deleted_customer_who_writes_again_starts_as_new(owner: Business) -> None:
    inbox = Inbox(owner)
    inbox.gets(meta.text("Hello", id="wamid.1"))
    delete(owner, inbox.leads[0].pk)
    inbox.gets(meta.text("Hello", id="wamid.1"))  # delivered again
    assert (inbox.counts(), Lead.all_objects.count()) == ((1, 0, 0, 1), 1)
    inbox.gets(meta.text("Are you there?", id="wamid.2"))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.leads[0].details == "Are you there?"
    assert inbox.messages[1].conversation == inbox.conversations[0] != inbox.messages[0].conversation


def test_a_reaction_to_a_message_of_a_deleted_conversation_opens_nothing(owner: Business) -> None:
    inbox = Inbox(owner)
    inbox.gets(meta.text("Hello", id="wamid.1"))
    delete(owner, inbox.leads[0].pk)
    inbox.gets(meta.message("reaction", {"message_id": "wamid.1", "emoji": "👍"}, id="wamid.3"))
    assert inbox.counts() == (1, 0, 0, 2)
    assert len({message.conversation_id for message in inbox.messages}) == 1


def by_service(business: Business, operation: str, lead_id: UUID) -> dict[str, Any]:
    try:
        answer = delete(business, lead_id) if operation == "delete" else restore(business, lead_id)
    except UnknownLead:
        return {"success": False, "code": "P0002", "constraint": None}
    except ExternalIdTaken as taken:
        return {"success": False, "code": taken.sqlstate, "constraint": taken.constraint}
    return {"success": True, f"conversation_{operation}d": answer[2]}


def by_function(business: Business, operation: str, lead_id: UUID) -> dict[str, Any]:
    answer = call(f"{operation}_lead_with_conversation", business.id, lead_id)
    assert answer["success"] or answer.pop("error").endswith(".")
    return {name: value for name, value in answer.items() if name not in ("lead_id", "conversation_id")}


def rows(business: Business) -> list[Any]:
    leads = Lead.all_objects.filter(user=business.user).order_by("pk").select_related("conversation")
    place = {lead.conversation_id: number for number, lead in reversed([*enumerate(leads)])}
    return [
        (
            *(place[lead.conversation_id], lead.external_id, lead.version, lead.deleted_at is None),
            *(lead.conversation.status, lead.conversation.deleted_at is None),
        )
        for lead in leads
    ]


CREATIONS = st.fixed_dictionaries(
    {"customer_phone": st.sampled_from([PHONE, "+1234567891"])},
    optional={
        "external_id": st.sampled_from(["a", "b"]),
        "conversation_status": st.sampled_from(["active", "completed"]),
    },
)
CHANGES = st.tuples(st.sampled_from(["delete", "restore"]), st.integers(0, 5))
STEPS = st.lists(st.one_of(CREATIONS, CHANGES, CHANGES), min_size=2, max_size=14)


def take_steps(one: Business, other: Business, steps: Sequence[Any]) -> None:
    made: tuple[list[UUID], list[UUID]] = [], []
    for step in steps:
        if isinstance(step, dict):
            for business, ids in zip((one, other), made, strict=True):
                taken = Lead.objects.filter(user=business.user, external_id=step.get("external_id", ""))
                if not taken.exists():
                    ids.append(business.has_lead(customer_name="Ana", **step).lead_id)
            continue
        operation, number = step
        first, second = (ids[number] if number < len(ids) else UNKNOWN_ID for ids in made)
        assert by_service(one, operation, first) == by_function(other, operation, second)
        assert rows(one) == rows(other)


def test_a_sequence_with_every_kind_of_answer(owner: Business, stranger: Business) -> None:
    """A fixed sequence, so that each kind of answer is compared in every run."""
    first, same = {"customer_phone": PHONE, "external_id": "a"}, {"customer_phone": PHONE}
    steps = [first, same, ("delete", 0), ("delete", 0), ("delete", 1), first, ("restore", 0), ("restore", 1)]
    steps += [("restore", 1), ("delete", 9), ("restore", 9), ("delete", 2), ("restore", 0), ("restore", 2)]
    take_steps(owner, stranger, steps)
    assert [row[3] for row in rows(owner)] == [True, True, False]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_random_sequences_leave_the_same_rows_and_answers(
    owner: Business, stranger: Business, steps: Sequence[Any]
) -> None:
    with transaction.atomic():
        take_steps(owner, stranger, steps)
        transaction.set_rollback(True)
