"""Deleted leads: hidden by Lead.objects and everything that goes through it; they hold no external id."""

from django.db.models.functions import Now

from leads.models import Lead
from tests.factories import Business


def test_deleted_leads_are_hidden_unless_asked_for(owner: Business) -> None:
    made = owner.has_lead(external_id="17")
    Lead.objects.filter(pk=made.lead_id).update(deleted_at=Now())
    assert not Lead.objects.exists()
    assert not Lead.objects.by_external_id(user_id=owner.id, external_ids=["17"])
    lead = Lead.all_objects.get()
    assert lead.pk == made.lead_id
    assert not lead.conversation.leads.exists()


def test_the_external_id_of_a_deleted_lead_is_free(owner: Business) -> None:
    Lead.objects.filter(pk=owner.has_lead(external_id="17").lead_id).update(deleted_at=Now())
    again = owner.has_lead(external_id="17")
    assert Lead.objects.get().pk == again.lead_id
