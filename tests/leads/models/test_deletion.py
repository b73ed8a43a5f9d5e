"""Lists of leads are deleted and restored together."""

from uuid import UUID

from django.db import transaction

from conversations.models import Conversation
from leads.models import Lead
from tests.factories import Business


def delete(*ids: UUID) -> tuple[dict[UUID, UUID], set[UUID]]:
    with transaction.atomic():
        return Lead.objects.delete_with_conversations(ids, person_id=None)


def restore(*ids: UUID) -> tuple[dict[UUID, UUID], set[UUID]]:
    with transaction.atomic():
        return Lead.objects.restore_with_conversations(ids)


def test_all_leads_of_a_conversation_at_once(owner: Business, django_assert_num_queries) -> None:
    made = [owner.has_lead(customer_phone=f"+123456789{number // 2}") for number in range(4)]
    with django_assert_num_queries(5):  # with SAVEPOINT and RELEASE
        deleted, conversations = delete(*(one.lead_id for one in made[:3]))
    assert deleted == {one.lead_id: one.conversation_id for one in made[:3]}
    assert conversations == {made[0].conversation_id}
    assert delete(made[0].lead_id) == ({}, set())


def test_of_two_that_were_active_the_newer_is_active_again(owner: Business) -> None:
    made = []
    for _ in range(2):
        made.append(owner.has_lead(customer_phone="+1234567890"))
        delete(made[-1].lead_id)
    restore(*(one.lead_id for one in made))
    statuses = dict(Conversation.objects.values_list("pk", "status"))
    assert [statuses[one.conversation_id] for one in made] == ["completed", "active"]


def test_of_two_with_the_same_external_id_the_newer_comes_back(owner: Business) -> None:
    made = []
    for _ in range(2):
        made.append(owner.has_lead(external_id="A-1").lead_id)
        delete(made[-1])
    restored, _ = restore(*made)
    assert list(restored) == [made[1]]
