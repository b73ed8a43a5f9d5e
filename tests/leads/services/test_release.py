"""The open work of somebody who has left."""

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leads.services import release
from tests.sessions import lock_customer, processes, session, waiting
from tests.site import until
from tests.staff import person_of

pytestmark = pytest.mark.django_db
PHONES = ("+4915123440001", "+4915123440002")


def test_open_work_is_unassigned_in_batches_and_nothing_else(owner, stranger, monkeypatch):
    monkeypatch.setattr(release, "AT_ONCE", 2)
    person, colleague = person_of(owner, "agent"), person_of(owner, "owner")
    for status in ("new", "contacted", "qualified", "lost", "converted"):
        owner.has_lead(status=status)
    stranger.has_lead()
    Lead.objects.update(assigned_to=person)
    Conversation.objects.update(assigned_to=person)
    kept = Conversation.objects.filter(user=owner.user).latest("pk")
    Conversation.objects.filter(pk=kept.pk).update(assigned_to=colleague)

    assert release.release_work(business_id=owner.id, person_id=person.pk) == 0  # still works there
    person.memberships.all().delete()
    assert release.release_work(business_id=owner.id, person_id=person.pk) == 7

    mine = Lead.objects.filter(user=owner.user)
    assert {lead.status for lead in mine.filter(assigned_to=person)} == {"lost", "converted"}
    assert Lead.objects.get(user=stranger.user).assigned_to == person
    assert Conversation.objects.get(pk=kept.pk).assigned_to == colleague


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Conversation, Lead])
def test_it_holds_nothing_while_it_waits_for_who_writes_to_several_customers(model, owner):
    person = person_of(owner, "agent")
    for phone in PHONES:
        owner.has_lead(customer_phone=phone)
    person.memberships.all().delete()
    model.objects.update(assigned_to=person)
    first, second = model.objects.order_by("pk").values_list("pk", flat=True)
    row = f"SELECT FROM {model._meta.db_table} WHERE id = %s FOR NO KEY UPDATE NOWAIT"
    with processes(1) as pool, session() as writer:
        for phone in PHONES:
            lock_customer(writer, owner.id, phone)
        writer.execute(row, [second])
        released = pool.submit(release.release_work, business_id=owner.id, person_id=person.pk)
        until(lambda: waiting(writer) == 1)
        # If it held this one, the two would wait for each other.
        writer.execute(row, [first])
        writer.rollback()
        assert released.result() == 2
