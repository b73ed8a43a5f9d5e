"""The open work of somebody who has left."""

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leads.services import release
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
