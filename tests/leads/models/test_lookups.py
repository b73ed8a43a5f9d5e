"""Deleted leads are not found when files and clients look for the lead that a row is about."""

from django.db import transaction

from conversations.models import Customer
from leads.models import Lead, LeadContents
from tests.factories import Business


def test_deleted_leads_are_not_found(owner: Business) -> None:
    made = owner.has_lead(external_id="17", customer_phone="+1234567890")
    customers = list(Customer.objects.values_list("pk", flat=True))

    def found() -> list[int]:
        lookups = [
            Lead.objects.by_external_id(user_id=owner.id, external_ids=["17"]),
            Lead.objects.of_customers(customers),
            Lead.objects.contents_by_external_id(user_id=owner.id, external_ids=["17"]),
            Lead.objects.contents_of_customers(customers),
            Lead.objects.open_of(customers[0], limit=9),
            Lead.objects.of_conversations([made.conversation_id]),
        ]
        return [len(rows) for rows in lookups]

    assert found() == [1] * 6
    with transaction.atomic():
        Lead.objects.delete_with_conversations([made.lead_id], person_id=None)
        assert Lead.objects.rewrite([LeadContents(made.lead_id, "booking", "", "new")]) == []
    assert found() == [0] * 6
