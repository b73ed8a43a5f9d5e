"""Pages of leads in the admin, and the values that staff enter there."""

from leads.models import Lead
from tests.factories import Business
from tests.staff import address

TYPED = {
    "customer_phone": "+49 (151) 234-56789",
    "customer_name": "Amina",
    "type": "order",
    "details": "A cake\r\nfor 40",
}
ADD = address("add", Lead)


def page_of(business: Business, **fields: str) -> tuple[Lead, str]:
    """A lead of this business, and the path of its page."""
    lead = Lead.objects.get(pk=business.has_lead(**fields).lead_id)
    return lead, address("change", lead)
