"""The open work of somebody who has left."""

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leads.services import release
from tests.database import rows_read, use_indexes
from tests.staff import person_of

pytestmark = pytest.mark.django_db


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


def test_closed_leads_in_front_are_read_once_and_not_for_each_batch(owner, monkeypatch):
    monkeypatch.setattr(release, "AT_ONCE", 1)
    person = person_of(owner, "agent")
    for status in ["lost"] * 40 + ["new"] * 5:
        owner.has_lead(status=status)
    Lead.objects.update(assigned_to=person)
    person.memberships.all().delete()
    use_indexes()
    before = rows_read("leads")
    assert release.release_work(business_id=owner.id, person_id=person.pk) == 5
    assert rows_read("leads") - before < 2 * 45


def test_deleted_work_is_unassigned_too_because_it_can_be_restored(owner):
    person = person_of(owner, "agent")
    lead = owner.has_lead()
    Lead.objects.update(assigned_to=person)
    Conversation.objects.update(assigned_to=person)
    owner.client.delete(f"/api/leads/{lead.lead_id}")
    person.memberships.all().delete()
    release.release_work(business_id=owner.id, person_id=person.pk)
    restored = owner.client.post(f"/api/leads/{lead.lead_id}/restore").json()
    assert restored["assigned_to"] is None
    assert Conversation.objects.get().assigned_to is None
