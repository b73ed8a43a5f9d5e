import pytest

from conversations.models import Customer
from leads.services.delete import delete_lead
from tests.leads.merging.pairs import customer_of, message


@pytest.fixture
def pair(owner):
    """The source with a chat, a lead with external id and a deleted lead; the target with a chat of its own."""
    first = owner.has_lead(customer_name="Ana", external_id="crm-1", details="Cake")
    gone = owner.has_lead(customer_name="Ana", customer_phone=customer_of(first).phone, details="Old")
    second = owner.has_lead(customer_name="?", details="Bread")
    Customer.objects.filter(name="?").update(name="")
    message(first.conversation_id, content="from Ana", provider_id="wamid.A")
    message(second.conversation_id, content="from nobody", provider_id="wamid.B")
    delete_lead(user_id=owner.id, lead_id=gone.lead_id, person_id=owner.id)
    return customer_of(first), customer_of(second)
