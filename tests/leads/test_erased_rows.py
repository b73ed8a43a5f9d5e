"""An import that had begun before a person was erased does not bring them back; a new run is a new act."""

from datetime import timedelta

import pytest

from conversations.models import Customer
from leads.models import ImportRefusal, ImportRun
from leadsite.core import clock
from leadsite.privacy.erasing import erase_customer
from tests.leads.importing.operator import counts, import_leads, write

pytestmark = pytest.mark.django_db
ROWS = ("+4915123456789,Amina,order,Cake,", "+4915100000001,Bruno,order,Bread,", "+49 151 23456789,Amina,order,Pie,")


@pytest.fixture
def interrupted(owner, tmp_path):
    """A run that has stored the first row; then its customer was erased."""
    file = write(tmp_path / "a.csv", *ROWS)
    import_leads(owner, file, "--batch-size", "1")
    run = ImportRun.objects.get()
    customer = Customer.objects.get(name="Amina")
    erase_customer(user_id=owner.id, customer_id=customer.pk)
    ImportRun.objects.filter(pk=run.pk).update(
        state="interrupted", read=2, created=2, finished_at=None, created_at=clock.now() - timedelta(hours=1)
    )
    return file


def test_the_rest_of_the_run_leaves_the_person_out(owner, interrupted):
    assert import_leads(owner, interrupted, "--resume").counts == counts(created=2, skipped=1)
    assert [customer.name for customer in Customer.objects.all()] == ["Bruno"]
    assert not ImportRefusal.objects.exists()


def test_a_new_run_creates_the_person(owner, interrupted):
    assert import_leads(owner, interrupted, "--again").summary["created"] >= 1
    assert Customer.objects.filter(name="Amina").exists()
