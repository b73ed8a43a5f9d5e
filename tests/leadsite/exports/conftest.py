import pytest

from leads.models import Lead


@pytest.fixture
def leads(owner):
    for number in range(3):
        owner.has_lead(customer_name=f"Ana {number}", details=f"cake {number}")
    lost = Lead.objects.get(details="cake 1")
    Lead.objects.filter(pk=lost.pk).update(status="lost", lost_reason="dear")
    return list(Lead.objects.order_by("pk"))
