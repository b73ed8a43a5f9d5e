"""Lead.objects.insert and open_of."""

import pytest
from django.db import IntegrityError, transaction

from leads.models import Lead, LeadRow
from tests.factories import Business


def row(business: Business, **changes) -> LeadRow:
    conversation = business.has_lead(customer_phone="+1234567890").conversation_id
    return LeadRow(business.id, conversation, **({"type": "order", "source": "api"} | changes))


def test_the_ids_are_in_the_order_of_the_rows(owner: Business, django_assert_num_queries) -> None:
    one = row(owner)
    with django_assert_num_queries(1):
        ids = Lead.objects.insert([one._replace(details=str(number)) for number in range(2000)])
    details = dict(Lead.objects.values_list("pk", "details"))
    assert [details[lead_id] for lead_id in ids] == [str(number) for number in range(2000)]
    assert ids == sorted(ids)


def test_every_column_is_written(owner: Business) -> None:
    columns = {"details": "x", "status": "lost", "external_id": "17", "referral": '{"source_id": "1"}'}
    (lead_id,) = Lead.objects.insert([row(owner, **columns)])
    lead = Lead.objects.get(pk=lead_id)
    assert (lead.type, lead.source, lead.details, lead.status, lead.external_id) == ("order", "api", "x", "lost", "17")
    assert lead.referral == {"source_id": "1"}


def test_without_rows_no_statement_is_executed(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert Lead.objects.insert([]) == []


def test_a_taken_external_id_violates_the_named_constraint(owner: Business) -> None:
    one = row(owner, external_id="17")
    with pytest.raises(IntegrityError, match="leads_external_id_unique"), transaction.atomic():
        Lead.objects.insert([one, one])


def test_open_leads_of_all_conversations_of_the_customer_are_returned(owner: Business) -> None:
    first = owner.has_lead(customer_phone="+1234567890")
    second = owner.has_lead(customer_phone="+1234567890", conversation_status="archived", status="qualified")
    owner.has_lead(customer_phone="+1234567890", status="lost")
    owner.has_lead(customer_phone="+1234567899")
    customer_id = Lead.objects.get(pk=first.lead_id).conversation.customer_id
    assert Lead.objects.open_of(customer_id, limit=9) == [second.lead_id, first.lead_id]
    assert Lead.objects.open_of(customer_id, limit=1) == [second.lead_id]
